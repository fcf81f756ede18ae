#pragma once

#include "engine/ops/rotary.h"

namespace limpid::engine::cpu {

// The tuned CPU form of ops/rotary.h, rows spread over the compute threads. fp32 only.
void Rotate(const RotaryAngles& angles, int64_t num_heads, int64_t head_size, at::Tensor* x);

}  // namespace limpid::engine::cpu
