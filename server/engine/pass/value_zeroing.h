#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>

#include "engine/models/architecture.h"
#include "engine/pass/model_weights.h"

namespace limpid::engine {

// One row in one layer, as the forward pass has it at hand.
struct LayerOfRow {
  at::Tensor input;    // [T, hidden]
  at::Tensor value;    // [T, key_value_heads * head_size]
  at::Tensor probs;    // [heads, T, T]
  at::Tensor context;  // [T, heads * head_size]
  at::Tensor output;   // [T, hidden]
};

// Value zeroing (Mohebbi et al. 2023): [T, T] of 1 - cos(output i, output i with the value of token j zero). Attention
// stays, so that context i only loses A_ij V_j; everything after it is run again for each pair, some columns at a time.
at::Tensor ValueZeroing(const Architecture& architecture, const LayerWeights& weights, const LayerOfRow& row);

// Tokens run at once: whole columns, at least one.
inline constexpr int64_t kValueZeroingTokens = 256;

}  // namespace limpid::engine
