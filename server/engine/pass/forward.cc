#include "engine/pass/forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>

#include <utility>

#include "engine/ops/activation.h"
#include "engine/ops/attention.h"
#include "engine/pass/alteration.h"

namespace limpid::engine {
namespace {

at::Tensor EmbeddingForward(const EncoderWeights& weights, const PackedBatch& batch, SavedActivations* saved) {
  const auto alter = [&](AttachPoint at, at::Tensor* x) {
    AlterEmbeddings(weights, batch, at, x, &saved->noisy[static_cast<size_t>(at)]);
  };
  // 1. Sum of the three tables.
  saved->word = at::embedding(weights.word_embeddings, batch.token_ids);
  alter(AttachPoint::kWordEmbedding, &saved->word);
  at::Tensor sum = (saved->word + at::embedding(weights.token_type_embeddings, batch.type_ids))
                       .add_(at::embedding(weights.position_embeddings, batch.positions));
  alter(AttachPoint::kEmbeddingSum, &sum);
  // The norm uses its input up.
  if (batch.num_backward > 0) saved->embedding_sum = sum.clone();
  // 2. Norm.
  saved->embedding_output = AddLayerNormForward(weights.embedding_norm, {}, {}, std::move(sum), &saved->embedding_norm);
  alter(AttachPoint::kEmbeddingOutput, &saved->embedding_output);
  return saved->embedding_output;
}

at::Tensor LayerForward(const Architecture& architecture, const LayerWeights& weights, const PackedBatch& batch,
                        const at::Tensor& hidden, SavedLayer* saved) {
  // 1. Queries, keys, values in one product.
  saved->qkv = LinearForward(weights.qkv, hidden);
  // 2. Attention.
  saved->context = AttentionForward({batch.cu_seqlens, architecture.num_attention_heads, batch.is_hidden}, saved->qkv,
                                    {}, &saved->probs);
  // 3. Output projection, residual, norm.
  const at::Tensor middle =
      AddLayerNormForward(weights.attention_norm, weights.attention_output.bias, hidden,
                          LinearForwardWithoutBias(weights.attention_output, saved->context), &saved->attention_norm);
  // 4. Feed-forward.
  const at::Tensor activated = BiasActivationForward(architecture.activation, weights.mlp_up.bias,
                                                     LinearForwardWithoutBias(weights.mlp_up, middle),
                                                     batch.num_backward > 0 ? &saved->mlp_derivative : nullptr);
  // 5. Down projection, residual, norm.
  return AddLayerNormForward(weights.mlp_norm, weights.mlp_down.bias, middle,
                             LinearForwardWithoutBias(weights.mlp_down, activated), &saved->mlp_norm);
}

}  // namespace

SavedActivations Forward(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch,
                         const std::function<void(size_t index, const SavedLayer&)>& on_layer) {
  SavedActivations saved;
  at::Tensor hidden = EmbeddingForward(weights, batch, &saved);
  for (const LayerWeights& layer : weights.layers) {
    hidden = LayerForward(architecture, layer, batch, hidden, &saved.layers.emplace_back());
    on_layer(saved.layers.size() - 1, saved.layers.back());
  }
  saved.last_hidden_state = std::move(hidden);
  return saved;
}

}  // namespace limpid::engine
