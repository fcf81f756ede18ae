#include "engine/ops/gated.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "engine/kernels/cpu/elementwise.h"
#include "engine/ops/activation.h"

namespace limpid::engine {

at::Tensor GatedLinearForward(const LinearWeights& weights, Activation activation, const at::Tensor& x,
                              at::Tensor* derivative) {
  at::Tensor z = LinearForward(weights, x);
  if (cpu::Takes(z)) return cpu::GateForward(*cpu::BestKernels(), activation, std::move(z), derivative);
  const int64_t width = z.size(1) / 2;
  const at::Tensor up = z.narrow(1, width, width);
  at::Tensor slope;
  const at::Tensor gate =
      ActivationForward(activation, z.narrow(1, 0, width).contiguous(), derivative == nullptr ? nullptr : &slope);
  if (derivative != nullptr) *derivative = at::cat({slope * up, gate}, 1);
  return gate * up;
}

at::Tensor GateVjp(const at::Tensor& derivative, const at::Tensor& grad_output) {
  if (cpu::Takes(grad_output)) return cpu::GateVjp(derivative, grad_output);
  return derivative * at::cat({grad_output, grad_output}, 1);
}

}  // namespace limpid::engine
