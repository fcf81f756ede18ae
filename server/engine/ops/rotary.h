#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"

namespace limpid::engine {

// Rotary position embedding (Su et al. 2021) in the arrangement of Llama: of a head's leading 2 * pairs numbers,
// numbers i and i + pairs are the two of one plane, turned by position * inverse_frequencies[i].
struct RotaryAngles {
  at::Tensor cosine, sine;  // [total_tokens, pairs], both times the rotary's factor
};

// positions [total_tokens] int64.
RotaryAngles MakeAngles(const Rotary& rotary, const at::Tensor& positions);

// Turns the leading `num_heads` heads of each row of x [total_tokens, at least num_heads * head_size], in place.
void Rotate(const RotaryAngles& angles, int64_t num_heads, int64_t head_size, at::Tensor* x);
// The same for gradients: dF/dx from dF/d(turned x), in place.
void RotateVjp(const RotaryAngles& angles, int64_t num_heads, int64_t head_size, at::Tensor* grad);

}  // namespace limpid::engine
