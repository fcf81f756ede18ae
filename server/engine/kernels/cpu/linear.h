#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/kernels/cpu/kernels.h"
#include "engine/ops/linear.h"

namespace limpid::engine::cpu {

// The tuned CPU forms of ops/linear.h: what follows a product is done while its result is in cache. fp32 only.
at::Tensor LinearForward(const Kernels& kernels, const LinearWeights& weights, const at::Tensor& x);
at::Tensor ActivatedLinearForward(const Kernels& kernels, const LinearWeights& weights, Activation activation,
                                  const at::Tensor& x, at::Tensor* derivative);
at::Tensor LinearVjp(const Kernels& kernels, const LinearWeights& weights, const at::Tensor& grad_output,
                     const at::Tensor& slope);

}  // namespace limpid::engine::cpu
