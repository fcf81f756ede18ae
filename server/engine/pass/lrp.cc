#include "engine/pass/lrp.h"

#include <ATen/TensorOperators.h>
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

at::Tensor ConstantDeviationVjp(const LayerNormWeights& weights, const LayerNormSaved& saved,
                                const at::Tensor& grad_output, const at::Tensor& grad_residual) {
  const at::Tensor grad = (grad_residual.defined() ? grad_output + grad_residual : grad_output) * weights.weight;
  return (grad - grad.mean(-1, /*keepdim=*/true)) * saved.rstd;
}

// The factors of dF/dq and dF/dk, and of dF/dv.
void Scale(double query_key, double value, at::Tensor* grad_qkv) {
  const int64_t hidden = grad_qkv->size(1) / 3;
  grad_qkv->narrow(1, 0, 2 * hidden).mul_(query_key);
  grad_qkv->narrow(1, 2 * hidden, hidden).mul_(value);
}

constexpr BackwardRules kAttnLrpRules = {
    .activated_linear_forward = RatioActivation,
    .add_layer_norm_vjp = ConstantDeviationVjp,
    .adjust_attention = [](at::Tensor* grad_qkv) { Scale(0.25, 0.5, grad_qkv); },
};
constexpr BackwardRules kCpLrpRules = {
    .activated_linear_forward = RatioActivation,
    .add_layer_norm_vjp = ConstantDeviationVjp,
    .adjust_attention = [](at::Tensor* grad_qkv) { Scale(0, 1, grad_qkv); },
};

}  // namespace

const BackwardRules& LrpRulesOf(BackwardRule rule) {
  return rule == BackwardRule::kAttnLrp ? kAttnLrpRules : kCpLrpRules;
}

}  // namespace limpid::engine
