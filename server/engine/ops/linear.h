#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"

namespace limpid::engine {

// y = x W^T + b, W [out, in] and b [out] as checkpoints store them; b may be undefined.
struct LinearWeights {
  at::Tensor weight;
  at::Tensor bias;
};

// x [total_tokens, in] -> [total_tokens, out].
at::Tensor LinearForward(const LinearWeights& weights, const at::Tensor& x);

// y = f(x W^T + b); f' of the sum goes to `derivative` [total_tokens, out] unless that is null (ops/activation.h).
at::Tensor ActivatedLinearForward(const LinearWeights& weights, Activation activation, const at::Tensor& x,
                                  at::Tensor* derivative);

// dF/dx [total_tokens, in] from dF/dy [total_tokens, out]: grad_output W, times `slope` [total_tokens, in] element by
// element where that is defined, which is the vjp of what made x.
at::Tensor LinearVjp(const LinearWeights& weights, const at::Tensor& grad_output, const at::Tensor& slope = {});

}  // namespace limpid::engine
