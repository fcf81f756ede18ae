#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"

namespace limpid::engine {

struct NormWeights {
  at::Tensor weight;  // [width]; undefined: there is no norm
  at::Tensor bias;    // [width]; undefined for an RMSNorm
  double eps = 1e-12;
  NormKind kind = NormKind::kLayerNorm;
};

// What the vjp needs of the forward pass.
struct NormSaved {
  at::Tensor normalized;  // what weight is multiplied with, [total_tokens, width]
  at::Tensor rstd;        // [total_tokens, 1]

  // The first `tokens` rows.
  NormSaved Head(int64_t tokens) const { return {normalized.narrow(0, 0, tokens), rstd.narrow(0, 0, tokens)}; }
};

// Norm of x [total_tokens, width], which stays as it is. `saved` may be null: nothing is kept.
at::Tensor NormForward(const NormWeights& weights, const at::Tensor& x, NormSaved* saved);

// Norm of the sum s = x + residual; `residual` [total_tokens, width] may be undefined. x is used up. s itself goes to
// `sum` unless that is null. The residual connection's gradient is the vjp's result, as is x's.
at::Tensor AddNormForward(const NormWeights& weights, const at::Tensor& residual, at::Tensor x, NormSaved* saved,
                          at::Tensor* sum = nullptr);

// dF/ds from dF/dy = grad_output + grad_residual, and from what reached s beside its norm, grad_sum; the last two may
// be undefined.
at::Tensor AddNormVjp(const NormWeights& weights, const NormSaved& saved, const at::Tensor& grad_output,
                      const at::Tensor& grad_residual, const at::Tensor& grad_sum = {});

}  // namespace limpid::engine
