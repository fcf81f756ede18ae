#include "engine/pass/embeddings.h"

#include <ATen/ops/embedding.h>

#include "engine/ops/linear.h"

namespace limpid::engine {

at::Tensor EmbeddingSum(const EncoderWeights& weights, const at::Tensor& word, const at::Tensor& type_ids,
                        const at::Tensor& positions) {
  at::Tensor position = at::embedding(weights.position_embeddings, positions);
  if (!weights.token_type_embeddings.defined()) return position.add_(word);
  return at::embedding(weights.token_type_embeddings, type_ids).add_(word).add_(position);
}

at::Tensor ProjectEmbeddings(const EncoderWeights& weights, const at::Tensor& output) {
  const LinearWeights& projection = weights.embedding_projection;
  return projection.weight.defined() ? LinearForward(projection, output) : output;
}

at::Tensor ProjectEmbeddingsVjp(const EncoderWeights& weights, const at::Tensor& grad_hidden) {
  const LinearWeights& projection = weights.embedding_projection;
  return projection.weight.defined() ? LinearVjp(projection, grad_hidden) : grad_hidden;
}

}  // namespace limpid::engine
