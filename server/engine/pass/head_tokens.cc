#include "engine/pass/head_tokens.h"

#include <ATen/ops/index_select.h>

#include <utility>

#include "engine/pass/baseline.h"

namespace limpid::engine {

std::vector<int64_t> HeadQueries(const Architecture& architecture, const PackedBatch& batch) {
  std::vector<int64_t> queries;
  for (int64_t r = 0; r < batch.size(); ++r) {
    const int32_t wanted = batch.rows[static_cast<size_t>(r)]->target.position;
    const int64_t last = batch.length(r) - 1;
    switch (architecture.head) {
      case Head::kNone:
      case Head::kMeanToken:
      case Head::kEachToken:
      case Head::kFirstToken:
        queries.push_back(0);
        break;
      case Head::kLastToken:
        queries.push_back(last);
        break;
      case Head::kTargetToken:
        queries.push_back(wanted == Target::kUnset ? last : wanted - batch.begun_at(r));
        break;
    }
  }
  return queries;
}

at::Tensor HeadPlaces(const Architecture& architecture, const PackedBatch& batch, int64_t num_rows) {
  std::vector<int64_t> places = HeadQueries(architecture, batch);
  places.resize(static_cast<size_t>(num_rows));
  for (size_t r = 0; r < places.size(); ++r) places[r] += batch.begin(static_cast<int64_t>(r));
  return IndexTensor(std::move(places), batch.token_ids.device());
}

at::Tensor PickTokens(const PackedBatch& batch, const std::vector<int64_t>& tokens, const at::Tensor& packed) {
  std::vector<int64_t> places = tokens;
  for (size_t r = 0; r < places.size(); ++r) places[r] += batch.begin(static_cast<int64_t>(r));
  return packed.index_select(0, IndexTensor(std::move(places), packed.device()));
}

}  // namespace limpid::engine
