#include "engine/pass/forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>

#include <utility>

#include "engine/ops/activation.h"
#include "engine/ops/attention.h"

namespace limpid::engine {
namespace {

at::Tensor EmbeddingForward(const EncoderWeights& weights, const PackedBatch& batch, SavedActivations* saved) {
  // 1. Sum of the three tables.
  saved->word = at::embedding(weights.word_embeddings, batch.token_ids);
  const at::Tensor sum = (saved->word + at::embedding(weights.token_type_embeddings, batch.type_ids))
                             .add_(at::embedding(weights.position_embeddings, batch.positions));
  // 2. Norm.
  saved->embedding_output = LayerNormForward(weights.embedding_norm, sum, &saved->embedding_norm);
  return saved->embedding_output;
}

at::Tensor LayerForward(const Architecture& architecture, const LayerWeights& weights, const PackedBatch& batch,
                        const at::Tensor& hidden, SavedLayer* saved) {
  // 1. Queries, keys, values in one product.
  saved->qkv = LinearForward(weights.qkv, hidden);
  // 2. Attention.
  saved->context = AttentionForward({batch.cu_seqlens, architecture.num_attention_heads}, saved->qkv, &saved->probs);
  // 3. Output projection, residual, norm.
  const at::Tensor attended = LinearForward(weights.attention_output, saved->context).add_(hidden);
  const at::Tensor middle = LayerNormForward(weights.attention_norm, attended, &saved->attention_norm);
  // 4. Feed-forward.
  saved->mlp_up = LinearForward(weights.mlp_up, middle);
  const at::Tensor activated = ActivationForward(architecture.activation, saved->mlp_up);
  // 5. Down projection, residual, norm.
  const at::Tensor output = LinearForward(weights.mlp_down, activated).add_(middle);
  return LayerNormForward(weights.mlp_norm, output, &saved->mlp_norm);
}

}  // namespace

SavedActivations Forward(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch) {
  SavedActivations saved;
  at::Tensor hidden = EmbeddingForward(weights, batch, &saved);
  for (const LayerWeights& layer : weights.layers) {
    hidden = LayerForward(architecture, layer, batch, hidden, &saved.layers.emplace_back());
  }
  saved.last_hidden_state = std::move(hidden);
  return saved;
}

}  // namespace limpid::engine
