#include "engine/pass/baseline.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>

#include <utility>

#include "engine/pass/embeddings.h"

namespace limpid::engine {
namespace {

std::vector<int64_t> IndicesOf(const std::vector<int32_t>& ids, int32_t id) {
  std::vector<int64_t> indices;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == id) indices.push_back(static_cast<int64_t>(i));
  }
  return indices;
}

at::Tensor WordEmbeddings(const ModelWeights& weights, const std::vector<int32_t>& ids, at::Device device) {
  std::vector<int64_t> rows(ids.begin(), ids.end());
  for (int64_t& row : rows) row = std::max<int64_t>(row, 0);
  at::Tensor words = at::embedding(weights.word_embeddings, IndexTensor(std::move(rows), device));
  const std::vector<int64_t> zeros = IndicesOf(ids, Baseline::kZero), means = IndicesOf(ids, Baseline::kMean);
  if (!zeros.empty()) words.index_fill_(0, IndexTensor(zeros, device), 0);
  if (!means.empty()) {
    const auto count = static_cast<int64_t>(means.size());
    words.index_copy_(0, IndexTensor(means, device), weights.mean_word_embedding.expand({count, words.size(1)}));
  }
  return words;
}

}  // namespace

void ReplacedTokens::Append(const PackedBatch& batch, int64_t row, const Baseline& baseline) {
  for (int64_t t = 0; t < batch.length(row); ++t) places.push_back(batch.begin(row) + t);
  ids.insert(ids.end(), baseline.ids.begin(), baseline.ids.end());
}

at::Tensor IndexTensor(std::vector<int64_t> indices, at::Device device) {
  const at::Tensor view = at::from_blob(indices.data(), {static_cast<int64_t>(indices.size())}, at::kLong);
  return view.to(device, at::kLong, /*non_blocking=*/false, /*copy=*/true);
}

at::Tensor BaselineEmbeddings(const ModelWeights& weights, const PackedBatch& batch, AttachPoint at,
                              const ReplacedTokens& tokens) {
  const at::Device device = weights.word_embeddings.device();
  at::Tensor x = WordEmbeddings(weights, tokens.ids, device);
  if (at == AttachPoint::kWordEmbedding) return x;
  const at::Tensor places = IndexTensor(tokens.places, device);
  x = EmbeddingSum(weights, x, batch.type_ids.index_select(0, places), batch.positions.index_select(0, places));
  if (at == AttachPoint::kEmbeddingOutput) x = NormEmbeddings(weights, std::move(x), /*saved=*/nullptr);
  const std::vector<int64_t> zeros = IndicesOf(tokens.ids, Baseline::kZero);
  if (!zeros.empty()) x.index_fill_(0, IndexTensor(zeros, device), 0);
  return x;
}

}  // namespace limpid::engine
