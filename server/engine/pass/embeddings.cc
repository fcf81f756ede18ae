#include "engine/pass/embeddings.h"

#include <ATen/ops/embedding.h>

#include <utility>

#include "engine/ops/linear.h"
#include "engine/ops/norm.h"

namespace limpid::engine {

at::Tensor EmbeddingSum(const ModelWeights& weights, const at::Tensor& word, const at::Tensor& type_ids,
                        const at::Tensor& positions) {
  at::Tensor sum;
  const auto add = [&](const at::Tensor& table, const at::Tensor& rows) {
    if (!table.defined()) return;
    at::Tensor found = at::embedding(table, rows);
    sum = sum.defined() ? sum.add_(found) : found.add_(word);
  };
  add(weights.token_type_embeddings, type_ids);
  add(weights.position_embeddings, positions);
  return sum.defined() ? sum : word.clone();
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
