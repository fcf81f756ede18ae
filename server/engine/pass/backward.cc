#include "engine/pass/backward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <span>
#include <utility>

#include "engine/ops/attention.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/embeddings.h"
#include "engine/pass/gradient_dots.h"
#include "engine/pass/substitutions.h"

namespace limpid::engine {
namespace {

// Head importance |sum_{t,d} O * dF/dO| per row (Michel et al. 2019): the derivative toward a gate on the head, at 1.
void TapHeadImportance(const Architecture& architecture, const PackedBatch& batch, const SavedLayer& saved,
                       const at::Tensor& grad_context, int64_t layer, Gradients* gradients) {
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    at::Tensor& importance = gradients->head_importance[static_cast<size_t>(r)];
    if (!importance.defined()) continue;
    const int64_t begin = batch.begin(r), length = batch.length(r);
    const at::Tensor product = saved.context.narrow(0, begin, length) * grad_context.narrow(0, begin, length);
    importance[layer].copy_(
        product.view({length, architecture.num_attention_heads, architecture.head_size()}).sum({0, 2}).abs());
  }
}

// A gradient as the sum of what came through a product and what the residual connection passed beside it; the op that
// reads it adds the two while it has them at hand.
struct ResidualGrad {
  at::Tensor product;
  at::Tensor residual;  // undefined at the top
};

// Undoes LayerForward of forward.cc, its steps in reverse.
ResidualGrad LayerVjp(const Architecture& architecture, const LayerWeights& weights, const PackedBatch& batch,
                      const SavedLayer& saved, const ResidualGrad& grad_output, int64_t layer, Gradients* gradients) {
  const int64_t tokens = batch.backward_tokens();
  const BackwardRules& rules = RulesOf(batch.backward_rule);
  // 5. Norm, down projection, activation.
  const at::Tensor grad_sum2 = rules.add_layer_norm_vjp(weights.mlp_norm, saved.mlp_norm.Head(tokens),
                                                        grad_output.product, grad_output.residual);
  const at::Tensor grad_up = LinearVjp(weights.mlp_down, grad_sum2, saved.mlp_derivative.narrow(0, 0, tokens));
  // 4. Feed-forward.
  const at::Tensor grad_middle = LinearVjp(weights.mlp_up, grad_up);
  // 3. Norm, output projection.
  const at::Tensor grad_sum1 =
      rules.add_layer_norm_vjp(weights.attention_norm, saved.attention_norm.Head(tokens), grad_middle, grad_sum2);
  const at::Tensor grad_context = LinearVjp(weights.attention_output, grad_sum1);
  TapHeadImportance(architecture, batch, saved, grad_context, layer, gradients);
  // 2. Attention.
  std::vector<at::Tensor> relevance(static_cast<size_t>(batch.num_backward));
  for (size_t r = 0; r < relevance.size(); ++r) {
    if (gradients->gradient_attention[r].defined()) relevance[r] = gradients->gradient_attention[r][layer];
  }
  const auto num_backward = static_cast<size_t>(batch.num_backward);
  at::Tensor grad_qkv = AttentionVjp(
      {std::span(batch.cu_seqlens).first(num_backward + 1), architecture.num_attention_heads},
      saved.qkv.narrow(0, 0, tokens), std::span(saved.probs).first(num_backward), grad_context, {relevance});
  rules.adjust_attention(&grad_qkv);
  // 1. Projection to queries, keys, values.
  return {LinearVjp(weights.qkv, grad_qkv), grad_sum1};
}

Gradients AllocateTaps(const Architecture& architecture, const PackedBatch& batch, const at::TensorOptions& options) {
  Gradients gradients;
  const int64_t layers = architecture.num_hidden_layers;
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    const Wanted& wanted = batch.rows[static_cast<size_t>(r)]->wanted;
    const int64_t length = batch.length(r);
    gradients.gradient_attention.push_back(wanted.gradient_attention ? at::empty({layers, length, length}, options)
                                                                     : at::Tensor());
    gradients.head_importance.push_back(
        wanted.head_importance ? at::empty({layers, architecture.num_attention_heads}, options) : at::Tensor());
  }
  return gradients;
}

}  // namespace

Gradients Backward(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch,
                   const SavedActivations& saved, LayerTaps* taps, at::Tensor grad_hidden) {
  Gradients gradients = AllocateTaps(architecture, batch, grad_hidden.options());
  ResidualGrad grad = {std::move(grad_hidden), {}};
  taps->OnGradient(architecture.num_hidden_layers, &grad.product, &grad.residual);
  for (int64_t l = architecture.num_hidden_layers - 1; l >= taps->first_layer(); --l) {
    const auto index = static_cast<size_t>(l);
    grad = LayerVjp(architecture, weights.layers[index], batch, saved.layers[index], grad, l, &gradients);
    taps->OnGradient(l, &grad.product, &grad.residual);
  }
  // The embedding module: projection, norm, then a sum, whose gradient each table's row receives unchanged.
  const auto slot = [&](AttachPoint point) -> at::Tensor& { return gradients.at[static_cast<size_t>(point)]; };
  const at::Tensor grad_first = grad.residual.defined() ? grad.product.add_(grad.residual) : grad.product;
  slot(AttachPoint::kEmbeddingOutput) = ProjectEmbeddingsVjp(weights, grad_first);
  slot(AttachPoint::kEmbeddingSum) =
      RulesOf(batch.backward_rule)
          .add_layer_norm_vjp(weights.embedding_norm, saved.embedding_norm.Head(batch.backward_tokens()),
                              slot(AttachPoint::kEmbeddingOutput), /*grad_residual=*/{});
  slot(AttachPoint::kWordEmbedding) = slot(AttachPoint::kEmbeddingSum);
  gradients.dots = GradientDots(weights, batch, saved, gradients.at);
  gradients.substitutions = FindSubstitutions(weights, batch, saved.word, slot(AttachPoint::kWordEmbedding));
  return gradients;
}

}  // namespace limpid::engine
