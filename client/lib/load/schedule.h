#pragma once

#include <random>

#include "absl/time/time.h"
#include "lib/load/stage.h"

namespace limpid::client {

// When the calls of an open loop are due, counted from its start. The first is due at once.
class Schedule {
 public:
  // `rate`: calls a second, above 0.
  Schedule(Arrivals arrivals, double rate, uint64_t seed) : arrivals_(arrivals), random_(seed), gap_(rate) {}

  absl::Duration Next() {
    const double due = seconds_;
    seconds_ += arrivals_ == Arrivals::kPoisson ? gap_(random_) : 1 / gap_.lambda();
    return absl::Seconds(due);
  }

 private:
  const Arrivals arrivals_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_;
  double seconds_ = 0;
};

}  // namespace limpid::client
