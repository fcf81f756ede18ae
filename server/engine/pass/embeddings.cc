#include "engine/pass/embeddings.h"

#include <ATen/ops/embedding.h>

#include <utility>

#include "engine/ops/linear.h"
#include "engine/ops/norm.h"

namespace limpid::engine {

at::Tensor EmbeddingSum(const ModelWeights& weights, const at::Tensor& word, const at::Tensor& type_ids,
                        const at::Tensor& positions) {
  if (!weights.position_embeddings.defined()) return word.clone();
  at::Tensor position = at::embedding(weights.position_embeddings, positions);
  if (!weights.token_type_embeddings.defined()) return position.add_(word);
  return at::embedding(weights.token_type_embeddings, type_ids).add_(word).add_(position);
}

at::Tensor NormEmbeddings(const ModelWeights& weights, at::Tensor sum, NormSaved* saved) {
  if (!weights.embedding_norm.weight.defined()) return sum;
  return AddNormForward(weights.embedding_norm, /*residual=*/{}, std::move(sum), saved);
}

at::Tensor ProjectEmbeddings(const ModelWeights& weights, const at::Tensor& output) {
  const LinearWeights& projection = weights.embedding_projection;
  return projection.weight.defined() ? LinearForward(projection, output) : output;
}

at::Tensor ProjectEmbeddingsVjp(const ModelWeights& weights, const at::Tensor& grad_hidden) {
  const LinearWeights& projection = weights.embedding_projection;
  return projection.weight.defined() ? LinearVjp(projection, grad_hidden) : grad_hidden;
}

}  // namespace limpid::engine
