#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "engine/kernels/cpu/kernels.h"

namespace limpid::engine::cpu {

// y = x M + bias over many rows. M is read where it lies, in either direction, and laid out panel by panel on the way:
// a panel is used for so many rows that this costs little, and the weights are in memory only once, for
// x W^T and for x W.
struct ProductCall {
  MatrixView x;  // [rows, inner]
  MatrixView m;  // [inner, cols]
  int64_t rows, inner, cols;
  const float* bias;  // [cols] or null
  float* y;           // [rows, cols], contiguous
};

// A part of y: rows [row, row + rows), columns [col, col + cols).
struct Block {
  int64_t row, rows, col, cols;
};

// On all compute threads, or on this one where it is one of them. `finish` is called for each block of y when its sums
// are complete and still in cache.
void Multiply(const Kernels& kernels, const ProductCall& call, absl::FunctionRef<void(const Block&)> finish);
inline void Multiply(const Kernels& kernels, const ProductCall& call) {
  Multiply(kernels, call, [](const Block& /*block*/) {});
}

}  // namespace limpid::engine::cpu
