#include "engine/ops/layer_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/var.h>

#include "engine/kernels/cpu/elementwise.h"

namespace limpid::engine {

at::Tensor AddLayerNormForward(const LayerNormWeights& weights, const at::Tensor& residual, at::Tensor x,
                               LayerNormSaved* saved) {
  if (cpu::Takes(x)) return cpu::AddLayerNormForward(*cpu::BestKernels(), weights, residual, std::move(x), saved);
  if (residual.defined()) x = x + residual;
  const at::Tensor variance = at::var(x, /*dim=*/at::IntArrayRef{-1}, /*unbiased=*/false, /*keepdim=*/true);
  const at::Tensor rstd = at::rsqrt(variance + weights.eps);
  const at::Tensor normalized = (x - x.mean(-1, /*keepdim=*/true)) * rstd;
  if (saved != nullptr) *saved = {normalized, rstd};
  return normalized * weights.weight + weights.bias;
}

at::Tensor AddLayerNormVjp(const LayerNormWeights& weights, const LayerNormSaved& saved, const at::Tensor& grad_output,
                           const at::Tensor& grad_residual) {
  if (cpu::Takes(grad_output)) {
    return cpu::AddLayerNormVjp(*cpu::BestKernels(), weights, saved, grad_output, grad_residual);
  }
  const at::Tensor grad = (grad_residual.defined() ? grad_output + grad_residual : grad_output) * weights.weight;
  const at::Tensor projection = (grad * saved.normalized).mean(-1, /*keepdim=*/true);
  return (grad - grad.mean(-1, /*keepdim=*/true) - saved.normalized * projection) * saved.rstd;
}

}  // namespace limpid::engine
