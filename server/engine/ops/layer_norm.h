#pragma once

#include <ATen/core/TensorBody.h>

namespace limpid::engine {

// y = (x - mean) / sqrt(var + eps) * weight + bias over the last dimension (Ba et al. 2016).
struct LayerNormWeights {
  at::Tensor weight;  // [hidden]
  at::Tensor bias;    // [hidden]
  double eps = 1e-12;
};

// What the vjp needs of the forward pass.
struct LayerNormSaved {
  at::Tensor input;      // [total_tokens, hidden]
  at::Tensor mean, rstd;  // [total_tokens, 1]

  // The first `tokens` rows.
  LayerNormSaved Head(int64_t tokens) const;
};

// x [total_tokens, hidden] -> same shape.
at::Tensor LayerNormForward(const LayerNormWeights& weights, const at::Tensor& x, LayerNormSaved* saved);

at::Tensor LayerNormVjp(const LayerNormWeights& weights, const LayerNormSaved& saved, const at::Tensor& grad_output);

}  // namespace limpid::engine
