#include "lib/sanity/shuffle_stages.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace limpid::client {
namespace {

std::optional<uint32_t> LayerOf(const std::string& name) {
  for (const absl::string_view part : absl::StrSplit(name, '.')) {
    uint32_t layer;
    if (absl::SimpleAtoi(part, &layer)) return layer;
  }
  return std::nullopt;
}

}  // namespace

std::vector<ShuffleStage> ShuffleStages(const std::vector<StoredTensor>& tensors, bool has_head) {
  ShuffleStage head{.name = "head", .tensors = {}}, embeddings{.name = "embeddings", .tensors = {}};
  std::map<uint32_t, ShuffleStage, std::greater<>> layers;
  for (const StoredTensor& tensor : tensors) {
    if (const std::optional<uint32_t> layer = LayerOf(tensor.name); layer.has_value()) {
      layers[*layer].tensors.push_back(tensor);
    } else {
      (absl::StrContains(tensor.name, "embed") ? embeddings : head).tensors.push_back(tensor);
    }
  }
  if (!has_head && !layers.empty()) {
    std::vector<StoredTensor>& last = layers.begin()->second.tensors;
    last.insert(last.end(), head.tensors.begin(), head.tensors.end());
    head.tensors.clear();
  }
  std::vector<ShuffleStage> stages;
  if (!head.tensors.empty()) stages.push_back(std::move(head));
  for (auto& [layer, stage] : layers) {
    stage.name = absl::StrCat("L", layer);
    stages.push_back(std::move(stage));
  }
  if (!embeddings.tensors.empty()) stages.push_back(std::move(embeddings));
  return stages;
}

}  // namespace limpid::client
