#pragma once

#include <ATen/core/TensorBody.h>

namespace limpid::engine {

// y = (s - mean) / sqrt(var + eps) * weight + bias over the last dimension (Ba et al. 2016).
struct LayerNormWeights {
  at::Tensor weight;  // [hidden]
  at::Tensor bias;    // [hidden]
  double eps = 1e-12;
};

// What the vjp needs of the forward pass.
struct LayerNormSaved {
  at::Tensor normalized;  // (s - mean) * rstd, [total_tokens, hidden]
  at::Tensor rstd;        // [total_tokens, 1]

  // The first `tokens` rows.
  LayerNormSaved Head(int64_t tokens) const { return {normalized.narrow(0, 0, tokens), rstd.narrow(0, 0, tokens)}; }
};

// Norm of the sum s = x + residual; `residual` [total_tokens, hidden] may be undefined. x [total_tokens, hidden] is
// used up. `saved` may be null: nothing is kept. The residual connection's gradient is the vjp's result, as is x's.
at::Tensor AddLayerNormForward(const LayerNormWeights& weights, const at::Tensor& residual, at::Tensor x,
                               LayerNormSaved* saved);

// dF/ds from dF/dy = grad_output + grad_residual (the second may be undefined).
at::Tensor AddLayerNormVjp(const LayerNormWeights& weights, const LayerNormSaved& saved, const at::Tensor& grad_output,
                           const at::Tensor& grad_residual);

}  // namespace limpid::engine
