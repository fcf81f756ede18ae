#pragma once

#include <cstdint>
#include <span>

#include "engine/row.h"

namespace limpid::engine {

// Makes x [num_tokens, width] noisy in place. Philox4x32-10 (Salmon et al. 2011) with the seed as its key; its counter
// is (element / 4, 0, position, sample) from the lowest word up, and gives the elements 4k to 4k + 3 of the token
// there. With u = the upper 24 bits of a word / 2^24: U(0, 1) = u, U(-1, 1) = 2u - 1, and N(0, 1) is made of two words
// at a time (Box & Muller 1958): elements 2k and 2k + 1 are r cos(a) and r sin(a), r = sqrt(-2 log(u + 2^-24)) of the
// first word, a = 2 pi u of the second. `positions` as of a row: [num_tokens], or empty for 0, 1, ...
void AddNoise(const Noise& noise, std::span<const int32_t> positions, int64_t num_tokens, int64_t width, float* x);

}  // namespace limpid::engine
