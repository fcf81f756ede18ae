#include "explain/attention_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/refusals.h"
#include "explain/tensors.h"
#include "explain/top_keys.h"

namespace limpid::explain {
namespace {

std::vector<int32_t> AllBelow(int64_t count) {
  std::vector<int32_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// All when `asked` is empty; else each once.
absl::StatusOr<std::vector<int32_t>> ResolveLayers(const std::vector<int32_t>& asked, int64_t num_layers) {
  if (asked.empty()) return AllBelow(num_layers);
  std::vector<int32_t> layers;
  for (size_t i = 0; i < asked.size(); ++i) {
    const int64_t layer = asked[i] < 0 ? asked[i] + num_layers : asked[i];
    if (layer < 0 || layer >= num_layers) {
      return absl::InvalidArgumentError(absl::StrCat("attention.layers[", i, "]: is ", asked[i], ", must be in [",
                                                     -num_layers, ", ", num_layers, ")"));
    }
    layers.push_back(static_cast<int32_t>(layer));
  }
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

// In the caller's order.
absl::StatusOr<std::vector<int32_t>> ResolveHeads(const std::vector<int32_t>& asked, int64_t num_heads) {
  if (asked.empty()) return AllBelow(num_heads);
  std::vector<int32_t> heads;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] < 0 || asked[i] >= num_heads) {
      return absl::InvalidArgumentError(
          absl::StrCat("attention.heads[", i, "]: is ", asked[i], ", must be in [0, ", num_heads, ")"));
    }
    if (std::find(heads.begin(), heads.end(), asked[i]) == heads.end()) heads.push_back(asked[i]);
  }
  return heads;
}

// [heads, T, T] -> [1, T, T].
engine::HostTensor MeanOver(const std::vector<int32_t>& heads, const engine::HostTensor& maps) {
  std::vector<double> sums(static_cast<size_t>(maps.shape[1] * maps.shape[2]), 0);
  for (int32_t head : heads) {
    const std::span<const float> map = MatrixOf(maps, static_cast<size_t>(head));
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += map[i];
  }
  for (double& sum : sums) sum /= static_cast<double>(heads.size());
  return MakeTensor({1, maps.shape[1], maps.shape[2]}, ToFloats(sums));
}

absl::Status CheckPositions(const AttentionSelection& selection, size_t num_tokens) {
  if (selection.top_k == 0 || num_tokens <= kMaxAttentionTopK) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("attention.top_k: the text has ", num_tokens, " tokens, at most ",
                                                 kMaxAttentionTopK, " have a position of 16 bits"));
}

}  // namespace

size_t PayloadBytes(AttentionSelection::Encoding encoding, bool has_position) {
  const size_t value = encoding == AttentionSelection::Encoding::kFloat16 ? 2 : 4;
  return value + (has_position ? sizeof(uint16_t) : 0);
}

absl::StatusOr<AttentionPlan> AttentionPlan::Create(const AttentionSelection& selection, const engine::ModelCard& model,
                                                    size_t num_tokens, uint64_t max_bytes) {
  AttentionPlan plan;
  ABSL_ASSIGN_OR_RETURN(plan.layers_, ResolveLayers(selection.layers, model.num_layers));
  ABSL_ASSIGN_OR_RETURN(plan.heads_, ResolveHeads(selection.heads, model.num_heads));
  plan.mean_over_heads_ = selection.mean_over_heads;
  plan.encoding_ = selection.encoding;
  ABSL_RETURN_IF_ERROR(CheckPositions(selection, num_tokens));
  plan.top_k_ = std::min<size_t>(selection.top_k, num_tokens);
  const bool has_positions = plan.top_k_ > 0;
  const uint64_t num_maps = plan.layers_.size() * (selection.mean_over_heads ? 1 : plan.heads_.size());
  const uint64_t num_keys = num_maps * num_tokens * (has_positions ? plan.top_k_ : num_tokens);
  plan.num_bytes_ = num_keys * PayloadBytes(selection.encoding, has_positions);
  if (has_positions || selection.mean_over_heads) {
    plan.copied_bytes_ = num_keys * PayloadBytes(AttentionSelection::Encoding::kFloat32, has_positions);
  }
  if (plan.num_bytes_ > max_bytes) {
    return TooLarge(absl::StrCat("attention: ", num_maps, " maps of ", num_tokens, " tokens have ", plan.num_bytes_,
                                 " bytes, at most ", max_bytes,
                                 " are allowed; choose layers or heads, mean_over_heads, top_k, or ENCODING_FLOAT16"),
                    max_bytes, plan.num_bytes_);
  }
  return plan;
}

AttentionEvent AttentionPlan::MakeEvent(int32_t layer, const engine::HostTensor& maps) const {
  const auto at = std::lower_bound(layers_.begin(), layers_.end(), layer);
  AttentionEvent event = {.layer = layer,
                          .layer_index = static_cast<size_t>(at - layers_.begin()),
                          .num_layers = layers_.size(),
                          .heads = heads_,
                          .mean_over_heads = mean_over_heads_,
                          .encoding = encoding_,
                          .maps = mean_over_heads_ ? MeanOver(heads_, maps) : maps,
                          .key_positions = nullptr,
                          .reservation = nullptr};
  if (top_k_ == 0) return event;
  TopKeys top = FindTopKeys(event.maps, mean_over_heads_ ? std::vector<int32_t>{0} : heads_, top_k_);
  event.maps = std::move(top.values);
  event.key_positions = std::move(top.positions);
  return event;
}

}  // namespace limpid::explain
