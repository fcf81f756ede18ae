#include "engine/pass/shared_inputs.h"

#include <ATen/ops/index_select.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "engine/pass/baseline.h"

namespace limpid::engine {
namespace {

bool SameInput(const Row& a, const Row& b) {
  // Rows with a past change it.
  const bool are_free = a.past == nullptr && b.past == nullptr;
  // Without a backward pass the last layer is run for the token alone that the head reads.
  const bool read_alike = a.wanted.needs_backward() || a.target.position == b.target.position;
  const bool same_hidden = a.replaced_hidden == b.replaced_hidden;
  return are_free && read_alike && same_hidden && a.token_ids == b.token_ids && a.type_ids == b.type_ids &&
         a.positions == b.positions && a.alteration == b.alteration;
}

void Unite(const std::vector<int32_t>& more, std::vector<int32_t>* all) {
  std::vector<int32_t> both;
  std::ranges::set_union(*all, more, std::back_inserter(both));
  *all = std::move(both);
}

// As far as the forward pass asks.
void Merge(const Wanted& more, Wanted* all) {
  Unite(more.attention_layers, &all->attention_layers);
  Unite(more.hidden_states, &all->hidden_states);
  all->head_mean_attention |= more.head_mean_attention;
  all->value_zeroing |= more.value_zeroing;
  all->gradient_attention |= more.gradient_attention;
  all->head_importance |= more.head_importance;
  all->layer_gradient_x_activation |= more.layer_gradient_x_activation;
  for (size_t point = 0; point < kNumAttachPoints; ++point) all->gradient_at[point] |= more.gradient_at[point];
  all->gradient_dots.insert(all->gradient_dots.end(), more.gradient_dots.begin(), more.gradient_dots.end());
  const auto& dot = more.layer_gradient_dot;
  const bool is_lower =
      dot != nullptr && (all->layer_gradient_dot == nullptr || dot->layer < all->layer_gradient_dot->layer);
  if (is_lower) all->layer_gradient_dot = dot;
  if (more.substitutions.has_value()) all->substitutions = more.substitutions;
}

// Of the tokens of the first `num_rows` rows, where each lies in `inputs`.
std::vector<int64_t> TokenPlaces(const PackedBatch& inputs, const std::vector<size_t>& packed_inputs,
                                 int64_t num_rows) {
  std::vector<int64_t> places;
  for (size_t row = 0; row < static_cast<size_t>(num_rows); ++row) {
    const auto input = static_cast<int64_t>(packed_inputs[row]);
    for (int64_t t = 0; t < inputs.length(input); ++t) places.push_back(inputs.begin(input) + t);
  }
  return places;
}

void Gather(const at::Tensor& places, at::Tensor* packed) {
  if (packed->defined()) *packed = packed->index_select(0, places);
}

template <typename T>
void GatherRows(const std::vector<size_t>& packed_inputs, std::vector<T>* of_inputs) {
  std::vector<T> of_rows;
  for (const size_t input : packed_inputs) of_rows.push_back((*of_inputs)[input]);
  *of_inputs = std::move(of_rows);
}

}  // namespace

std::vector<std::vector<size_t>> GroupByInput(std::span<const Row* const> rows) {
  std::vector<std::vector<size_t>> groups;
  absl::flat_hash_map<size_t, std::vector<size_t>> groups_by_hash;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<size_t>& candidates = groups_by_hash[absl::HashOf(rows[i]->token_ids)];
    const auto same =
        std::ranges::find_if(candidates, [&](size_t g) { return SameInput(*rows[groups[g].front()], *rows[i]); });
    if (same != candidates.end()) {
      groups[*same].push_back(i);
    } else {
      candidates.push_back(groups.size());
      groups.push_back({i});
    }
  }
  return groups;
}

SharedInputs ShareInputs(std::span<const Row* const> rows) {
  SharedInputs shared;
  shared.input_of.resize(rows.size());
  for (const std::vector<size_t>& group : GroupByInput(rows)) {
    for (const size_t i : group) shared.input_of[i] = shared.inputs.size();
    if (group.size() == 1) {
      shared.inputs.push_back(rows[group.front()]);
      continue;
    }
    Row& input = shared.owned.emplace_back(*rows[group.front()]);
    for (const size_t i : std::span(group).subspan(1)) Merge(rows[i]->wanted, &input.wanted);
    shared.inputs.push_back(&input);
  }
  return shared;
}

std::vector<size_t> PackedInputs(const SharedInputs& shared, const PackedBatch& inputs, const PackedBatch& rows) {
  std::vector<size_t> packed_place(inputs.rows.size());
  for (size_t p = 0; p < packed_place.size(); ++p) packed_place[inputs.row_indices[p]] = p;
  std::vector<size_t> packed_inputs;
  for (const size_t row : rows.row_indices) packed_inputs.push_back(packed_place[shared.input_of[row]]);
  return packed_inputs;
}

SavedActivations SpreadOverRows(const PackedBatch& inputs, SavedActivations saved, const PackedBatch& rows,
                                const std::vector<size_t>& packed_inputs) {
  const at::Device device = saved.word.device();
  const auto index = [&](int64_t num_rows) {
    return IndexTensor(TokenPlaces(inputs, packed_inputs, num_rows), device);
  };
  const at::Tensor all = index(rows.size()), backward = index(rows.num_backward);
  at::Tensor last_hidden_state = std::move(saved.last_hidden_state);
  saved.last_hidden_state = at::Tensor();
  saved.ForEachPacked([&](at::Tensor* packed) { Gather(backward, packed); });
  for (SavedLayer& layer : saved.layers) {
    if (!layer.probs.empty()) GatherRows(packed_inputs, &layer.probs);
  }
  Gather(all, &last_hidden_state);
  saved.last_hidden_state = std::move(last_hidden_state);
  Gather(IndexTensor({packed_inputs.begin(), packed_inputs.end()}, device), &saved.head_tokens);
  GatherRows(packed_inputs, &saved.head_mean_attention);
  GatherRows(packed_inputs, &saved.value_zeroing);
  return saved;
}

}  // namespace limpid::engine
