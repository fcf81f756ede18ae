#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"

namespace limpid::engine {

// y = f(x), f = gelu x Phi(x) (Hendrycks & Gimpel 2016), its tanh form, max(0, x), tanh(x) or
// x sigmoid(x) (silu). x [total_tokens, width]
// is used up. f'(x) is kept in `derivative`, same shape, unless that is null: dF/dx = dF/dy * f'.
at::Tensor ActivationForward(Activation activation, at::Tensor x, at::Tensor* derivative);

}  // namespace limpid::engine
