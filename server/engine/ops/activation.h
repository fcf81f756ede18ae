#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"

namespace limpid::engine {

// y = f(x + bias), f = gelu x Phi(x) (Hendrycks & Gimpel 2016), its tanh form, or max(0, x). x [total_tokens, width] is
// used up, bias [width]. f'(x + bias) is kept in `derivative`, same shape, unless that is null.
at::Tensor BiasActivationForward(Activation activation, const at::Tensor& bias, at::Tensor x, at::Tensor* derivative);

// dF/dx = grad_output * f'. grad_output is used up.
at::Tensor BiasActivationVjp(const at::Tensor& derivative, at::Tensor grad_output);

}  // namespace limpid::engine
