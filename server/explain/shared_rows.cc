#include "explain/shared_rows.h"

#include <string_view>
#include <utility>

namespace limpid::explain {
namespace {

template <typename Value>
size_t HashOf(const std::vector<Value>& values) {
  const auto* bytes = reinterpret_cast<const char*>(values.data());
  return std::hash<std::string_view>()({bytes, values.size() * sizeof(Value)});
}

// Of what tells rows of one request apart as a rule.
size_t HashOf(const engine::Row& row) {
  size_t hash = HashOf(row.token_ids) * 31 + HashOf(row.positions);
  if (!row.alteration.has_value()) return hash;
  hash = hash * 31 + HashOf(row.alteration->alpha);
  if (row.alteration->noise.has_value())
    hash = (hash * 31 + HashOf(row.alteration->noise->keep)) * 31 + row.alteration->noise->sample;
  return hash;
}

}  // namespace

size_t SharedRows::Ask(engine::Row row) {
  const bool is_shared = row.wanted == engine::Wanted() && row.replaced_hidden == nullptr;
  if (is_shared) {
    const size_t hash = HashOf(row);
    const auto [begin, end] = known_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (it->second.row == row) return it->second.number;
    }
    known_.emplace(hash, Known{row, places_.size()});
  }
  to_run_.push_back(std::move(row));
  waiting_.push_back(places_.size());
  places_.push_back({.result = {}, .is_shared = is_shared});
  return places_.size() - 1;
}

std::vector<engine::Row> SharedRows::TakeRows() {
  running_ = std::exchange(waiting_, {});
  return std::exchange(to_run_, {});
}

void SharedRows::Give(std::span<engine::RowResult> results) {
  for (size_t i = 0; i < results.size(); ++i) {
    Place& place = places_[running_[i]];
    place.result = std::move(results[i]);
    place.has_run = true;
    // Many are kept until the request ends, and none of their readers looks at it.
    if (place.is_shared) place.result.prediction.embedding = {};
  }
}

engine::RowResult SharedRows::ResultOf(size_t number) {
  Place& place = places_[number];
  if (place.is_shared) return place.result;
  return std::move(place.result);
}

}  // namespace limpid::explain
