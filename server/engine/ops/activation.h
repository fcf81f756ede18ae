#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"

namespace limpid::engine {

// Element-wise, any shape. gelu(x) = x Phi(x) (Hendrycks & Gimpel 2016), its tanh form, or max(0, x).
at::Tensor ActivationForward(Activation activation, const at::Tensor& x);

// `x` is the forward pass's input.
at::Tensor ActivationVjp(Activation activation, const at::Tensor& x, const at::Tensor& grad_output);

}  // namespace limpid::engine
