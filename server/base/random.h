#pragma once

#include <cstdint>

namespace limpid::base {

// SplitMix64 (Steele et al. 2014): the same numbers everywhere, and short enough to be written again in another
// language.
class Random {
 public:
  // Streams of one seed do not overlap in any length that is used here.
  Random(uint64_t seed, uint64_t stream) : state_(Mixed(seed + kStep) ^ Mixed(stream * kStep + 1)) {}

  uint64_t Next() { return Mixed(state_ += kStep); }

  // In [0, bound); bound >= 1. The bias of the remainder is under bound / 2^64.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

  // In [0, 1), a multiple of 2^-53.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15;

  static uint64_t Mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace limpid::base
