#include "engine/pass/substitutions.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <utility>

#include "engine/ops/linear.h"
#include "engine/pass/baseline.h"

namespace limpid::engine {
namespace {

struct Candidate {
  float estimate;
  int32_t id;
  // Of equal estimates the smaller id, so that the result does not depend on the order of the search.
  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

// The best candidates of one token, as a heap with the worst of them on top.
struct Search {
  const SubstitutionSearch* wanted;
  int32_t token, own_id;
  std::vector<Candidate> best;

  void Offer(const Candidate& candidate) {
    const auto count = static_cast<size_t>(wanted->count);
    if (best.size() == count && !(candidate < best.front())) return;
    const auto id = static_cast<size_t>(candidate.id);
    if (candidate.id == own_id || (*wanted->is_allowed)[id] == 0) return;
    if (best.size() == count) {
      std::ranges::pop_heap(best);
      best.pop_back();
    }
    best.push_back(candidate);
    std::ranges::push_heap(best);
  }

  Substitutions Finish() {
    std::ranges::sort_heap(best);
    Substitutions found = {.token = token, .ids = {}, .estimates = {}};
    for (const Candidate& candidate : best) {
      found.ids.push_back(candidate.id);
      found.estimates.push_back(candidate.estimate);
    }
    return found;
  }
};

}  // namespace

std::vector<std::vector<Substitutions>> FindSubstitutions(const ModelWeights& weights, const PackedBatch& batch,
                                                          const at::Tensor& word, const at::Tensor& grad_word) {
  std::vector<Search> searches;
  std::vector<int64_t> places;
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    const Row& row = *batch.rows[static_cast<size_t>(r)];
    if (!row.wanted.substitutions.has_value()) continue;
    for (int32_t token : row.wanted.substitutions->tokens) {
      searches.push_back({&*row.wanted.substitutions, token, row.token_ids[static_cast<size_t>(token)], {}});
      places.push_back(batch.begin(r) + token);
    }
  }
  std::vector<std::vector<Substitutions>> found(batch.rows.size());
  if (searches.empty()) return found;
  const at::Tensor index = IndexTensor(places, word.device());
  const at::Tensor gradient = grad_word.index_select(0, index);
  const at::Tensor own = (word.index_select(0, index) * gradient).sum(-1, /*keepdim=*/true);
  const int64_t vocab_size = weights.word_embeddings.size(0);
  for (int64_t begin = 0; begin < vocab_size; begin += kSubstitutionBlock) {
    const int64_t count = std::min(kSubstitutionBlock, vocab_size - begin);
    const at::Tensor block = weights.word_embeddings.narrow(0, begin, count);
    const at::Tensor estimates = LinearForward({block, {}}, gradient).sub_(own).to(at::kCPU).contiguous();
    const float* estimate = estimates.const_data_ptr<float>();
    for (Search& search : searches) {
      for (int64_t v = 0; v < count; ++v) search.Offer({*estimate++, static_cast<int32_t>(begin + v)});
    }
  }
  auto search = searches.begin();
  for (size_t r = 0; r < found.size(); ++r) {
    const auto& wanted = batch.rows[r]->wanted.substitutions;
    for (size_t i = 0; wanted.has_value() && i < wanted->tokens.size(); ++i) found[r].push_back((search++)->Finish());
  }
  return found;
}

}  // namespace limpid::engine
