#include "engine/ops/norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/var.h>

#include <utility>

#include "engine/kernels/cpu/elementwise.h"

namespace limpid::engine {

at::Tensor NormForward(const NormWeights& weights, const at::Tensor& x, NormSaved* saved) {
  if (cpu::Takes(x)) return cpu::NormForward(*cpu::BestKernels(), weights, x, saved);
  if (!x.is_cpu() && weights.kind == NormKind::kLayerNorm) {
    auto [normalized, mean, rstd] = at::native_layer_norm(x, {x.size(-1)}, {}, {}, weights.eps);
    at::Tensor y = at::addcmul(weights.bias, normalized, weights.weight);
    if (saved != nullptr) *saved = {std::move(normalized), std::move(rstd)};
    return y;
  }
  const bool is_centred = weights.kind == NormKind::kLayerNorm;
  const at::Tensor variance = is_centred ? at::var(x, /*dim=*/at::IntArrayRef{-1}, /*unbiased=*/false, /*keepdim=*/true)
                                         : x.square().mean(-1, /*keepdim=*/true);
  const at::Tensor rstd = at::rsqrt(variance + weights.eps);
  const at::Tensor normalized = (is_centred ? x - x.mean(-1, /*keepdim=*/true) : x) * rstd;
  if (saved != nullptr) *saved = {normalized, rstd};
  const at::Tensor y = normalized * weights.weight;
  return weights.bias.defined() ? y + weights.bias : y;
}

at::Tensor AddNormForward(const NormWeights& weights, const at::Tensor& residual, at::Tensor x, NormSaved* saved,
                          at::Tensor* sum) {
  if (cpu::Takes(x)) return cpu::AddNormForward(*cpu::BestKernels(), weights, residual, std::move(x), saved, sum);
  if (residual.defined()) x = x + residual;
  if (sum != nullptr) *sum = x;
  return NormForward(weights, x, saved);
}

at::Tensor AddNormVjp(const NormWeights& weights, const NormSaved& saved, const at::Tensor& grad_output,
                      const at::Tensor& grad_residual, const at::Tensor& grad_sum) {
  if (cpu::Takes(grad_output)) {
    return cpu::AddNormVjp(*cpu::BestKernels(), weights, saved, grad_output, grad_residual, grad_sum);
  }
  const at::Tensor grad = (grad_residual.defined() ? grad_output + grad_residual : grad_output) * weights.weight;
  const at::Tensor projection = (grad * saved.normalized).mean(-1, /*keepdim=*/true);
  at::Tensor grad_input = grad - saved.normalized * projection;
  if (weights.kind == NormKind::kLayerNorm) grad_input -= grad.mean(-1, /*keepdim=*/true);
  grad_input *= saved.rstd;
  return grad_sum.defined() ? grad_input.add_(grad_sum) : grad_input;
}

}  // namespace limpid::engine
