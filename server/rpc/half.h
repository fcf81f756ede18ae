#pragma once

#include <cstdint>
#include <span>

namespace limpid::rpc {

// IEEE 754 binary16 bits of a float, rounded to nearest, ties to even. Overflow becomes infinity, NaN stays NaN.
uint16_t ToHalf(float value);

// Converts all of `values` to `halves`, of the same length; with the processor's instruction where it has one.
void ToHalf(std::span<const float> values, uint16_t* halves);

}  // namespace limpid::rpc
