#include "engine/ops/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

#include "engine/kernels/cpu/elementwise.h"
#include "engine/kernels/cpu/packed_weight.h"

namespace limpid::engine {
namespace {

// Whether the packed form can be used for these rows.
bool Takes(const std::shared_ptr<const cpu::PackedWeight>& packed, const at::Tensor& x) {
  return packed != nullptr && cpu::Takes(x);
}

at::Tensor Multiply(const cpu::PackedWeight& packed, const at::Tensor& x, const at::Tensor& bias) {
  at::Tensor y = at::empty({x.size(0), packed.cols()}, x.options());
  if (bias.defined()) y.copy_(bias.expand_as(y));
  packed.Multiply(x.const_data_ptr<float>(), x.size(0), /*is_added=*/bias.defined(), y.data_ptr<float>());
  return y;
}

}  // namespace

void PackLinear(LinearWeights* weights) {
  if (!cpu::Takes(weights->weight)) return;
  weights->packed_forward = cpu::PackedWeight::Pack(weights->weight, /*is_transposed=*/true);
  weights->packed_vjp = cpu::PackedWeight::Pack(weights->weight, /*is_transposed=*/false);
}

at::Tensor LinearForward(const LinearWeights& weights, const at::Tensor& x) {
  if (Takes(weights.packed_forward, x)) return Multiply(*weights.packed_forward, x, weights.bias);
  return at::linear(x, weights.weight, weights.bias);
}

at::Tensor LinearForwardWithoutBias(const LinearWeights& weights, const at::Tensor& x) {
  if (Takes(weights.packed_forward, x)) return Multiply(*weights.packed_forward, x, {});
  return at::mm(x, weights.weight.t());
}

at::Tensor LinearVjp(const LinearWeights& weights, const at::Tensor& grad_output) {
  if (Takes(weights.packed_vjp, grad_output)) return Multiply(*weights.packed_vjp, grad_output, {});
  return at::mm(grad_output, weights.weight);
}

}  // namespace limpid::engine
