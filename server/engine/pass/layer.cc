#include "engine/pass/layer.h"

#include <ATen/TensorOperators.h>

#include <utility>

#include "engine/ops/gated.h"
#include "engine/ops/linear.h"
#include "engine/ops/norm.h"

namespace limpid::engine {
namespace {

// Without norm and residual.
at::Tensor FeedForward(const Architecture& architecture, const LayerWeights& weights, const BackwardRules& rules,
                       const at::Tensor& x, SavedLayer* saved) {
  const auto up = architecture.has_gate() ? rules.gated_linear_forward : rules.activated_linear_forward;
  const at::Tensor activated =
      up(weights.mlp_up, architecture.activation, x, saved == nullptr ? nullptr : &saved->mlp_derivative);
  return LinearForward(weights.mlp_down, activated);
}

at::Tensor FeedForwardVjp(const Architecture& architecture, const LayerWeights& weights, const SavedLayer& saved,
                          const at::Tensor& grad_output) {
  const at::Tensor derivative = saved.mlp_derivative.narrow(0, 0, grad_output.size(0));
  const at::Tensor grad_up = architecture.has_gate() ? GateVjp(derivative, LinearVjp(weights.mlp_down, grad_output))
                                                     : LinearVjp(weights.mlp_down, grad_output, derivative);
  return LinearVjp(weights.mlp_up, grad_up);
}

}  // namespace

at::Tensor BeforeAttention(const Architecture& architecture, const LayerWeights& weights, const at::Tensor& hidden,
                           SavedLayer* saved) {
  if (!architecture.has_norms_first || !weights.attention_norm.weight.defined()) return hidden;
  return NormForward(weights.attention_norm, hidden, saved == nullptr ? nullptr : &saved->attention_norm);
}

at::Tensor AfterAttention(const Architecture& architecture, const LayerWeights& weights, const BackwardRules& rules,
                          const at::Tensor& hidden, const at::Tensor& context, SavedLayer* saved) {
  const auto keep = [&](auto SavedLayer::* member) { return saved == nullptr ? nullptr : &(saved->*member); };
  at::Tensor attended = LinearForward(weights.attention_output, context);
  if (architecture.has_norms_first) {
    at::Tensor middle;
    const at::Tensor normed =
        AddNormForward(weights.mlp_norm, hidden, std::move(attended), keep(&SavedLayer::mlp_norm), &middle);
    return FeedForward(architecture, weights, rules, normed, saved).add_(middle);
  }
  const at::Tensor middle =
      AddNormForward(weights.attention_norm, hidden, std::move(attended), keep(&SavedLayer::attention_norm));
  return AddNormForward(weights.mlp_norm, middle, FeedForward(architecture, weights, rules, middle, saved),
                        keep(&SavedLayer::mlp_norm));
}

AfterAttentionGrad AfterAttentionVjp(const Architecture& architecture, const LayerWeights& weights,
                                     const BackwardRules& rules, const SavedLayer& saved,
                                     const ResidualGrad& grad_output) {
  const int64_t tokens = grad_output.product.size(0);
  AfterAttentionGrad grad;
  if (architecture.has_norms_first) {
    // The sum, which goes both ways.
    const at::Tensor sum =
        grad_output.residual.defined() ? grad_output.product + grad_output.residual : grad_output.product;
    grad.hidden = rules.add_norm_vjp(weights.mlp_norm, saved.mlp_norm.Head(tokens),
                                     FeedForwardVjp(architecture, weights, saved, sum), /*grad_residual=*/{}, sum);
  } else {
    const at::Tensor grad_sum = rules.add_norm_vjp(weights.mlp_norm, saved.mlp_norm.Head(tokens), grad_output.product,
                                                   grad_output.residual, /*grad_sum=*/{});
    grad.hidden = rules.add_norm_vjp(weights.attention_norm, saved.attention_norm.Head(tokens),
                                     FeedForwardVjp(architecture, weights, saved, grad_sum), grad_sum, /*grad_sum=*/{});
  }
  grad.context = LinearVjp(weights.attention_output, grad.hidden);
  return grad;
}

ResidualGrad BeforeAttentionVjp(const Architecture& architecture, const LayerWeights& weights,
                                const BackwardRules& rules, const SavedLayer& saved, at::Tensor grad_input,
                                at::Tensor grad_hidden) {
  if (!architecture.has_norms_first || !weights.attention_norm.weight.defined()) {
    return {std::move(grad_input), std::move(grad_hidden)};
  }
  return {rules.add_norm_vjp(weights.attention_norm, saved.attention_norm.Head(grad_input.size(0)), grad_input,
                             /*grad_residual=*/{}, grad_hidden)};
}

}  // namespace limpid::engine
