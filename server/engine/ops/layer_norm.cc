#include "engine/ops/layer_norm.h"

#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>

#include <tuple>

namespace limpid::engine {

LayerNormSaved LayerNormSaved::Head(int64_t tokens) const {
  return {input.narrow(0, 0, tokens), mean.narrow(0, 0, tokens), rstd.narrow(0, 0, tokens)};
}

at::Tensor LayerNormForward(const LayerNormWeights& weights, const at::Tensor& x, LayerNormSaved* saved) {
  auto [y, mean, rstd] = at::native_layer_norm(x, {x.size(-1)}, weights.weight, weights.bias, weights.eps);
  *saved = {x, mean, rstd};
  return y;
}

at::Tensor LayerNormVjp(const LayerNormWeights& weights, const LayerNormSaved& saved, const at::Tensor& grad_output) {
  // Only the gradient toward the input: weights are never trained here.
  return std::get<0>(at::native_layer_norm_backward(grad_output, saved.input, {saved.input.size(-1)}, saved.mean,
                                                    saved.rstd, weights.weight, weights.bias, {true, false, false}));
}

}  // namespace limpid::engine
