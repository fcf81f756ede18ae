#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/ops/linear.h"

namespace limpid::engine {

// The first half of a gated feed-forward (Shazeer 2020): y = f(g) * u, [g, u] = x W^T + b, the gate's rows of W first:
// W [2 * width, in], x [total_tokens, in] -> [total_tokens, width]. [dy/dg, dy/du], which is [f'(g) * u, f(g)], goes to
// `derivative` [total_tokens, 2 * width] unless that is null.
at::Tensor GatedLinearForward(const LinearWeights& weights, Activation activation, const at::Tensor& x,
                              at::Tensor* derivative);

// dF/d[g, u] [total_tokens, 2 * width] from dF/dy [total_tokens, width].
at::Tensor GateVjp(const at::Tensor& derivative, const at::Tensor& grad_output);

}  // namespace limpid::engine
