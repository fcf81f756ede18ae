#include "engine/ops/activation.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>

namespace limpid::engine {

at::Tensor ActivationForward(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      break;
  }
  return at::relu(x);
}

at::Tensor ActivationVjp(Activation activation, const at::Tensor& x, const at::Tensor& grad_output) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu_backward(grad_output, x);
    case Activation::kGeluTanh:
      return at::gelu_backward(grad_output, x, "tanh");
    case Activation::kRelu:
      break;
  }
  return at::threshold_backward(grad_output, x, 0);
}

}  // namespace limpid::engine
