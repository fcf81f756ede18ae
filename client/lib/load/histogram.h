#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace limpid::client {

// Times of calls in the buckets of an HDR histogram (Gil Tene, hdrhistogram.org): whole microseconds below 2.048 ms,
// above that 1024 buckets for each doubling, so a quantile is never too low and too high by at most 1/1024 of itself.
// It is written here because Debian 12 has no package of the C library. Not thread-safe.
class Histogram {
 public:
  // Negative times count as none.
  void Record(absl::Duration time);

  uint64_t count() const { return count_; }
  absl::Duration max() const { return max_; }
  // Zero without times, as the quantiles are.
  absl::Duration Mean() const;

  // The smallest recorded time that at least `fraction` (0 to 1) of the times are within.
  absl::Duration Quantile(double fraction) const;
  // The same of the `rank`th shortest time, from 1 on.
  absl::Duration AtRank(uint64_t rank) const;
  // Between which quantiles the true one lies with 95 % confidence: order statistics, normal approximation.
  std::pair<absl::Duration, absl::Duration> QuantileInterval(double fraction) const;

 private:
  std::vector<uint64_t> buckets_;  // as many as the longest time needs
  uint64_t count_ = 0;
  absl::Duration max_, sum_;
};

}  // namespace limpid::client
