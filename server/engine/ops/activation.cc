#include "engine/ops/activation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tanh.h>

#include <utility>

#include "engine/kernels/cpu/elementwise.h"

namespace limpid::engine {

at::Tensor ActivationForward(Activation activation, at::Tensor x, at::Tensor* derivative) {
  if (cpu::Takes(x)) return cpu::ActivationForward(*cpu::BestKernels(), activation, std::move(x), derivative);
  if (activation == Activation::kRelu) {
    if (derivative != nullptr) *derivative = (x > 0).to(x.scalar_type());
    return at::relu(x);
  }
  if (activation == Activation::kTanh) {
    at::Tensor y = at::tanh(x);
    if (derivative != nullptr) *derivative = 1 - y * y;
    return y;
  }
  if (activation == Activation::kSilu) {
    const at::Tensor sigmoid = at::sigmoid(x);
    at::Tensor y = x * sigmoid;
    if (derivative != nullptr) *derivative = sigmoid + y * (1 - sigmoid);
    return y;
  }
  const char* approximate = activation == Activation::kGeluTanh ? "tanh" : "none";
  if (derivative != nullptr) *derivative = at::gelu_backward(at::ones_like(x), x, approximate);
  return at::gelu(x, approximate);
}

}  // namespace limpid::engine
