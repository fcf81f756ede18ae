#include "engine/pass/lrp.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/where.h>

#include "engine/ops/activation.h"

namespace limpid::engine {
namespace {

at::Tensor Ratio(const at::Tensor& y, const at::Tensor& z, double limit) {
  return at::where(z == 0, at::Scalar(limit), y / z);
}

at::Tensor RatioActivation(const LinearWeights& weights, Activation activation, const at::Tensor& x,
                           at::Tensor* derivative) {
  if (derivative == nullptr) return ActivatedLinearForward(weights, activation, x, nullptr);
  const at::Tensor z = LinearForward(weights, x);
  at::Tensor y = ActivationForward(activation, z.clone(), nullptr);
  *derivative = Ratio(y, z, activation == Activation::kTanh ? 1 : 0.5);
  return y;
}

// A product shares its relevance equally between its factors.
at::Tensor RatioGate(const LinearWeights& weights, Activation activation, const at::Tensor& x, at::Tensor* derivative) {
  if (derivative == nullptr) return GatedLinearForward(weights, activation, x, nullptr);
  const at::Tensor z = LinearForward(weights, x);
  const int64_t width = z.size(1) / 2;
  const at::Tensor gate = z.narrow(1, 0, width), up = z.narrow(1, width, width);
  const at::Tensor activated = ActivationForward(activation, gate.contiguous().clone(), nullptr);
  *derivative = at::cat({Ratio(activated, gate, 0.5) * up, activated}, 1).mul_(0.5);
  return activated * up;
}

at::Tensor ConstantDeviationVjp(const NormWeights& weights, const NormSaved& saved, const at::Tensor& grad_output,
                                const at::Tensor& grad_residual, const at::Tensor& grad_sum) {
  at::Tensor grad = (grad_residual.defined() ? grad_output + grad_residual : grad_output) * weights.weight;
  if (weights.kind == NormKind::kLayerNorm) grad -= grad.mean(-1, /*keepdim=*/true);
  grad *= saved.rstd;
  return grad_sum.defined() ? grad.add_(grad_sum) : grad;
}

// The factors of dF/dq and dF/dk, and of dF/dv.
void Scale(double query_key, double value, at::Tensor* grad_qkv, int64_t query_key_size) {
  grad_qkv->narrow(1, 0, query_key_size).mul_(query_key);
  grad_qkv->narrow(1, query_key_size, grad_qkv->size(1) - query_key_size).mul_(value);
}

constexpr BackwardRules kAttnLrpRules = {
    .activated_linear_forward = RatioActivation,
    .gated_linear_forward = RatioGate,
    .add_norm_vjp = ConstantDeviationVjp,
    .adjust_attention = [](at::Tensor* grad_qkv, int64_t size) { Scale(0.25, 0.5, grad_qkv, size); },
};
constexpr BackwardRules kCpLrpRules = {
    .activated_linear_forward = RatioActivation,
    .gated_linear_forward = RatioGate,
    .add_norm_vjp = ConstantDeviationVjp,
    .adjust_attention = [](at::Tensor* grad_qkv, int64_t size) { Scale(0, 1, grad_qkv, size); },
};

}  // namespace

const BackwardRules& LrpRulesOf(BackwardRule rule) {
  return rule == BackwardRule::kAttnLrp ? kAttnLrpRules : kCpLrpRules;
}

}  // namespace limpid::engine
