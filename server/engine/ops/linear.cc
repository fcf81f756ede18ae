#include "engine/ops/linear.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

namespace limpid::engine {

at::Tensor LinearForward(const LinearWeights& weights, const at::Tensor& x) {
  return at::linear(x, weights.weight, weights.bias);
}

at::Tensor LinearForwardWithoutBias(const LinearWeights& weights, const at::Tensor& x) {
  return at::mm(x, weights.weight.t());
}

at::Tensor LinearVjp(const LinearWeights& weights, const at::Tensor& grad_output) {
  return at::mm(grad_output, weights.weight);
}

}  // namespace limpid::engine
