#include "engine/ops/linear.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

#include "engine/kernels/cpu/elementwise.h"
#include "engine/kernels/cpu/linear.h"
#include "engine/ops/activation.h"

namespace limpid::engine {
namespace {

// A head of a few classes: a dot product each, which LibTorch adds up in as many parts as a vector has numbers.
constexpr int64_t kFewOutputs = 16;

}  // namespace

at::Tensor LinearForward(const LinearWeights& weights, const at::Tensor& x) {
  if (cpu::Takes(x) && weights.weight.size(0) > kFewOutputs) return cpu::LinearForward(*cpu::BestKernels(), weights, x);
  return at::linear(x, weights.weight, weights.bias);
}

at::Tensor ActivatedLinearForward(const LinearWeights& weights, Activation activation, const at::Tensor& x,
                                  at::Tensor* derivative) {
  if (cpu::Takes(x)) return cpu::ActivatedLinearForward(*cpu::BestKernels(), weights, activation, x, derivative);
  return ActivationForward(activation, LinearForward(weights, x), derivative);
}

at::Tensor LinearVjp(const LinearWeights& weights, const at::Tensor& grad_output, const at::Tensor& slope) {
  if (cpu::Takes(grad_output)) return cpu::LinearVjp(*cpu::BestKernels(), weights, grad_output, slope);
  at::Tensor grad = at::mm(grad_output, weights.weight);
  return slope.defined() ? grad.mul_(slope) : grad;
}

}  // namespace limpid::engine
