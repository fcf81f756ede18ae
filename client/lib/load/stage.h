#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace limpid::client {

// When calls of an open loop are due. kPoisson is what many independent callers do (MLPerf's server scenario).
enum class Arrivals { kPoisson, kConstant };

// One load, held for a while.
struct Stage {
  // Calls under way at any time. Of an open loop the most; where they do not suffice calls go out late, which counts.
  size_t streams = 32;
  // Calls a second at times that do not wait for answers (open loop). 0: each stream calls again when it was answered
  // (closed loop).
  double rate = 0;
  Arrivals arrivals = Arrivals::kPoisson;
  uint64_t seed = 1;  // of the Poisson times: the same load in every run
  // It ends after so many calls, or where that is 0 when no more are due within `duration`.
  size_t calls = 0;
  absl::Duration duration;
};

}  // namespace limpid::client
