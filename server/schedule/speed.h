#pragma once

#include <atomic>

#include "absl/time/time.h"

namespace limpid::schedule {

// How fast the device has lately been: operations a second over the batches of the last seconds of computing. One
// thread records, any may read.
class Speed {
 public:
  void Record(double flops, absl::Duration duration) {
    // A batch's weight halves with every five seconds that are computed after it.
    const double seconds = absl::ToDoubleSeconds(duration);
    const double kept = kHalfLifeSeconds / (kHalfLifeSeconds + seconds);
    flops_ = flops_ * kept + flops;
    seconds_ = seconds_ * kept + seconds;
    if (seconds_ > 0) flops_per_second_.store(flops_ / seconds_, std::memory_order_relaxed);
  }

  // 0 before the first batch.
  double flops_per_second() const { return flops_per_second_.load(std::memory_order_relaxed); }

  // Zero before the first batch: nothing is promised and nobody refused.
  absl::Duration TimeFor(double flops) const {
    const double speed = flops_per_second();
    return speed > 0 ? absl::Seconds(flops / speed) : absl::ZeroDuration();
  }

 private:
  static constexpr double kHalfLifeSeconds = 5;

  double flops_ = 0, seconds_ = 0;  // the recording thread's
  std::atomic<double> flops_per_second_ = 0;
};

}  // namespace limpid::schedule
