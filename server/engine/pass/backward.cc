#include "engine/pass/backward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>

#include <span>
#include <utility>

#include "engine/ops/linear.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/embeddings.h"
#include "engine/pass/gradient_dots.h"
#include "engine/pass/head_tokens.h"
#include "engine/pass/layer.h"
#include "engine/pass/query_key.h"
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
    importance[layer].copy_(product.view({length, architecture.num_attention_heads, architecture.head_size})
                                .sum(at::IntArrayRef({0, 2}))
                                .abs());
  }
}

NormSaved PickRows(const NormSaved& saved, const at::Tensor& places) {
  if (!saved.normalized.defined()) return saved;
  return {saved.normalized.index_select(0, places), saved.rstd.index_select(0, places)};
}

// The same where the gradient is 0 but at the tokens that the head reads, `places`: behind the attention no token
// depends on another.
AfterAttentionGrad TopAfterAttentionVjp(const Architecture& architecture, const LayerWeights& weights,
                                        const BackwardRules& rules, const SavedLayer& saved,
                                        const ResidualGrad& grad_output, const at::Tensor& places) {
  SavedLayer picked;
  picked.attention_norm = PickRows(saved.attention_norm, places);
  picked.mlp_norm = PickRows(saved.mlp_norm, places);
  picked.mlp_derivative = saved.mlp_derivative.index_select(0, places);
  const AfterAttentionGrad grad =
      AfterAttentionVjp(architecture, weights, rules, picked, {grad_output.product.index_select(0, places)});
  const auto spread = [&](const at::Tensor& rows) {
    return at::zeros({grad_output.product.size(0), rows.size(1)}, rows.options()).index_copy_(0, places, rows);
  };
  return {spread(grad.context), spread(grad.hidden)};
}

// Undoes LayerForward of forward.cc, its steps in reverse. `head_places` is defined where TopAfterAttentionVjp applies.
ResidualGrad LayerVjp(const Architecture& architecture, const LayerWeights& weights, const PackedBatch& batch,
                      const PositionTerms& terms, const SavedLayer& saved, const ResidualGrad& grad_output,
                      size_t layer, const at::Tensor& head_places, Gradients* gradients) {
  const int64_t tokens = batch.backward_tokens();
  const auto num_backward = static_cast<size_t>(batch.num_backward);
  const BackwardRules& rules = RulesOf(batch.backward_rule);
  // 3. What follows the attention.
  const AfterAttentionGrad grad =
      head_places.defined() ? TopAfterAttentionVjp(architecture, weights, rules, saved, grad_output, head_places)
                            : AfterAttentionVjp(architecture, weights, rules, saved, grad_output);
  TapHeadImportance(architecture, batch, saved, grad.context, static_cast<int64_t>(layer), gradients);
  // 2. Attention.
  std::vector<at::Tensor> relevance(num_backward);
  for (size_t r = 0; r < num_backward; ++r) {
    if (gradients->gradient_attention[r].defined()) {
      relevance[r] = gradients->gradient_attention[r][static_cast<int64_t>(layer)];
    }
  }
  const AttentionShape shape =
      AttentionShapeOf(architecture, weights, terms, layer, std::span(batch.cu_seqlens).first(num_backward + 1));
  at::Tensor grad_qkv = AttentionVjp(shape, saved.qkv.narrow(0, 0, tokens), std::span(saved.probs).first(num_backward),
                                     grad.context, {relevance});
  rules.adjust_attention(
      &grad_qkv, (architecture.num_attention_heads + architecture.num_key_value_heads) * architecture.head_size);
  // 1. Queries, keys, values, and the norm before them.
  QueryKeyVjp(architecture, weights, rules, AnglesOf(architecture, terms, layer), saved, &grad_qkv);
  return BeforeAttentionVjp(architecture, weights, rules, saved, LinearVjp(weights.qkv, grad_qkv), grad.hidden);
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

Gradients Backward(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                   const SavedActivations& saved, LayerTaps* taps, at::Tensor grad_hidden) {
  Gradients gradients = AllocateTaps(architecture, batch, grad_hidden.options());
  const int64_t tokens = batch.backward_tokens();
  const BackwardRules& rules = RulesOf(batch.backward_rule);
  ResidualGrad grad = {std::move(grad_hidden)};
  taps->OnGradient(architecture.num_hidden_layers, &grad.product, &grad.residual);
  if (weights.final_norm.weight.defined()) {
    grad.product = rules.add_norm_vjp(weights.final_norm, saved.final_norm.Head(tokens), grad.product,
                                      /*grad_residual=*/{}, /*grad_sum=*/{});
  }
  const PositionTerms terms = PositionTermsOf(architecture, weights, batch, tokens);
  for (int64_t l = architecture.num_hidden_layers - 1; l >= taps->first_layer(); --l) {
    const auto index = static_cast<size_t>(l);
    const bool is_top = l + 1 == architecture.num_hidden_layers && architecture.reads_one_token();
    grad = LayerVjp(architecture, weights.layers[index], batch, terms, saved.layers[index], grad, index,
                    is_top ? HeadPlaces(architecture, batch, batch.num_backward) : at::Tensor(), &gradients);
    taps->OnGradient(l, &grad.product, &grad.residual);
  }
  // The embedding module: projection, norm, then a sum, whose gradient each table's row receives unchanged.
  const auto slot = [&](AttachPoint point) -> at::Tensor& { return gradients.at[static_cast<size_t>(point)]; };
  const at::Tensor grad_first = grad.residual.defined() ? grad.product.add_(grad.residual) : grad.product;
  slot(AttachPoint::kEmbeddingOutput) = ProjectEmbeddingsVjp(weights, grad_first);
  slot(AttachPoint::kEmbeddingSum) = slot(AttachPoint::kEmbeddingOutput);
  if (weights.embedding_norm.weight.defined()) {
    slot(AttachPoint::kEmbeddingSum) = rules.add_norm_vjp(weights.embedding_norm, saved.embedding_norm.Head(tokens),
                                                          slot(AttachPoint::kEmbeddingOutput),
                                                          /*grad_residual=*/{}, /*grad_sum=*/{});
  }
  slot(AttachPoint::kWordEmbedding) = slot(AttachPoint::kEmbeddingSum);
  gradients.dots = GradientDots(weights, batch, saved, gradients.at);
  gradients.substitutions = FindSubstitutions(weights, batch, saved.word, slot(AttachPoint::kWordEmbedding));
  return gradients;
}

}  // namespace limpid::engine
