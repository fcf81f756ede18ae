#pragma once

#include <cstdint>
#include <span>

// Useful operations, a multiply-add counted as two: what the definition of a product asks for, whatever a kernel does.
namespace limpid::bench {

// y = x W^T, and as much for dF/dx.
double LinearFlops(int64_t tokens, int64_t in, int64_t out);

// Q K^T and A V over sequences of these lengths; `hidden` is the width of all heads together.
double AttentionFlops(std::span<const int64_t> lengths, int64_t hidden);

// dF/dA, dV, dQ and dK.
double AttentionVjpFlops(std::span<const int64_t> lengths, int64_t hidden);

}  // namespace limpid::bench
