#include "engine/pass/embeddings.h"

#include <ATen/ops/embedding.h>

namespace limpid::engine {

at::Tensor EmbeddingSum(const EncoderWeights& weights, const at::Tensor& word, const at::Tensor& type_ids,
                        const at::Tensor& positions) {
  at::Tensor position = at::embedding(weights.position_embeddings, positions);
  if (!weights.token_type_embeddings.defined()) return position.add_(word);
  return at::embedding(weights.token_type_embeddings, type_ids).add_(word).add_(position);
}

}  // namespace limpid::engine
