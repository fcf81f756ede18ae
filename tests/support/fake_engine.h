#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/engine.h"

namespace limpid::testing {

inline engine::ModelCard ClassifierCard() {
  engine::ModelCard card;
  card.architecture = "BertForSequenceClassification";
  card.task = engine::ModelCard::Task::kClassification;
  card.labels = {"approved", "declined"};
  card.num_layers = 3;
  card.num_heads = 2;
  card.hidden_size = 5;
  card.vocab_size = 1000;
  card.type_vocab_size = 2;
  card.max_tokens = 512;
  card.num_parameters = 7;
  card.weights_sha256 = "c0ffee";
  card.device = "cpu";
  return card;
}

inline engine::ModelCard EncoderCard() {
  engine::ModelCard card = ClassifierCard();
  card.architecture = "BertModel";
  card.task = engine::ModelCard::Task::kEmbedding;
  card.has_mean_pooling = true;
  card.labels.clear();
  return card;
}

// Numbers in (0, 1) that look random and are the same for the same seed.
inline engine::HostTensor FakeTensor(std::vector<int64_t> shape, uint64_t seed) {
  size_t size = 1;
  for (int64_t extent : shape) size *= static_cast<size_t>(extent);
  auto values = std::make_shared<std::vector<float>>(size);
  for (float& value : *values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<float>((seed >> 40) + 1) / 16777218.0f;
  }
  return {.shape = std::move(shape), .values = *values, .owner = values};
}

// An engine without a model: every number depends on the row's tokens only, every shape is what Wanted promises. It
// counts what it runs, and stops where it is told. Thread-safe.
class FakeEngine final : public engine::Engine {
 public:
  // Where Run can be held.
  enum class Stage { kNowhere, kBeforePrediction, kBeforeBackward };
  // Changes results before they are returned, or makes the run fail. From the thread that runs.
  using Script = std::function<absl::Status(std::span<const engine::Row* const> rows, std::vector<engine::RowResult>*)>;

  explicit FakeEngine(engine::ModelCard card = ClassifierCard(), Script script = nullptr)
      : card_(std::move(card)), script_(std::move(script)) {}

  const engine::ModelCard& card() const override { return card_; }

  absl::Status Check(const engine::Row& row) const override {
    for (size_t i = 0; i < row.token_ids.size(); ++i) {
      if (row.token_ids[i] < 0 || row.token_ids[i] >= card_.vocab_size) {
        return absl::InvalidArgumentError(absl::StrCat("input.token_ids.ids[", i, "] is ", row.token_ids[i]));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<engine::RowResult>> Run(std::span<const engine::Row* const> rows,
                                                     engine::PassObserver* observer) override {
    {
      absl::MutexLock lock(&mutex_);
      std::vector<std::vector<int32_t>>& batch = batches_.emplace_back();
      for (const engine::Row* row : rows) batch.push_back(row->token_ids);
    }
    WaitAt(Stage::kBeforePrediction);
    std::vector<engine::RowResult> results;
    for (const engine::Row* row : rows) results.push_back(ResultOf(*row));
    if (script_ != nullptr) {
      if (absl::Status status = script_(rows, &results); !status.ok()) return status;
    }
    for (size_t i = 0; i < rows.size(); ++i) Announce(i, results[i], observer);
    WaitAt(Stage::kBeforeBackward);
    return results;
  }

  // A token's row is a million operations and a thousand bytes, its result as large as its arrays' maps.
  engine::PassCost Cost(size_t num_tokens, const engine::Wanted& wanted) const override {
    const size_t maps = wanted.attention_layers.size() * static_cast<size_t>(card_.num_heads) * num_tokens * num_tokens;
    return {.flops = 1e6 * static_cast<double>(num_tokens),
            .peak_bytes = 1000 * num_tokens,
            .result_bytes = sizeof(float) * maps};
  }

  std::shared_ptr<engine::Past> NewPast(size_t /*capacity*/, bool /*keeps_for_backward*/) override {
    return std::make_shared<engine::Past>();
  }
  // A token's past is a hundred bytes.
  uint64_t PastBytes(size_t capacity, bool /*keeps_for_backward*/) const override { return 100 * capacity; }

  // What Run gives for `row`.
  engine::RowResult ResultOf(const engine::Row& row) const {
    engine::RowResult result;
    result.prediction = Predict(row);
    const auto size = static_cast<int64_t>(row.token_ids.size());
    const uint64_t seed = Seed(row);
    for (int32_t layer : row.wanted.attention_layers) {
      result.attention.push_back(FakeTensor({card_.num_heads, size, size}, seed + 100 + static_cast<uint64_t>(layer)));
    }
    if (row.wanted.head_mean_attention)
      result.head_mean_attention = FakeTensor({card_.num_layers, size, size}, seed + 1);
    if (row.wanted.gradient_attention) result.gradient_attention = FakeTensor({card_.num_layers, size, size}, seed + 2);
    if (row.wanted.head_importance) result.head_importance = FakeTensor({card_.num_layers, card_.num_heads}, seed + 3);
    for (size_t point = 0; point < engine::kNumAttachPoints; ++point) {
      if (!row.wanted.gradient_at[point]) continue;
      result.inputs[point] = FakeTensor({size, card_.hidden_size}, seed + 10 + point);
      result.gradients[point] = FakeTensor({size, card_.hidden_size}, seed + 20 + point);
    }
    AddLayers(row, seed, &result);
    if (row.wanted.substitutions.has_value()) result.substitutions = SubstitutionsOf(*row.wanted.substitutions);
    return result;
  }

  // Runs stop at `stage` until Release.
  void HoldAt(Stage stage) {
    absl::MutexLock lock(&mutex_);
    held_stage_ = stage;
  }
  void Release() { HoldAt(Stage::kNowhere); }
  // Until a run is held.
  void AwaitHeld() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_held_));
  }

  // Token ids of every row run, by batch.
  std::vector<std::vector<std::vector<int32_t>>> batches() const {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }
  size_t num_rows_run() const {
    size_t rows = 0;
    for (const auto& batch : batches()) rows += batch.size();
    return rows;
  }

 private:
  static uint64_t Seed(const engine::Row& row) {
    uint64_t seed = 17;
    for (int32_t id : row.token_ids) seed = seed * 31 + static_cast<uint64_t>(id);
    return seed * 1000;
  }

  void AddLayers(const engine::Row& row, uint64_t seed, engine::RowResult* result) const {
    const auto size = static_cast<int64_t>(row.token_ids.size());
    const engine::Wanted& wanted = row.wanted;
    for (size_t i = 0; i < wanted.gradient_dots.size(); ++i) {
      result->gradient_dots.push_back(FakeTensor({size}, seed + 30 + i));
    }
    if (wanted.layer_gradient_x_activation) {
      result->layer_gradient_x_activation = FakeTensor({card_.num_layers + 1, size}, seed + 40);
    }
    for (const int32_t layer : wanted.hidden_states) {
      result->hidden_states.push_back(FakeTensor({size, card_.hidden_size}, seed + 50 + static_cast<uint64_t>(layer)));
    }
    if (wanted.layer_gradient_dot != nullptr) result->layer_gradient_dot = FakeTensor({size}, seed + 41);
    if (wanted.value_zeroing) result->value_zeroing = FakeTensor({card_.num_layers, size, size}, seed + 42);
  }

  // The first words that are allowed, all alike.
  static std::vector<engine::Substitutions> SubstitutionsOf(const engine::SubstitutionSearch& search) {
    engine::Substitutions found;
    for (size_t id = 0; id < search.is_allowed->size() && found.ids.size() < static_cast<size_t>(search.count); ++id) {
      if ((*search.is_allowed)[id] == 0) continue;
      found.ids.push_back(static_cast<int32_t>(id));
      found.estimates.push_back(-1);
    }
    std::vector<engine::Substitutions> all(search.tokens.size(), found);
    for (size_t i = 0; i < all.size(); ++i) all[i].token = search.tokens[i];
    return all;
  }

  engine::Prediction Predict(const engine::Row& row) const {
    engine::Prediction prediction;
    const engine::HostTensor values =
        FakeTensor({card_.labels.empty() ? card_.hidden_size : static_cast<int64_t>(card_.labels.size())}, Seed(row));
    auto& out = card_.labels.empty() ? prediction.embedding : prediction.logits;
    out.assign(values.values.begin(), values.values.end());
    if (row.target.kind == engine::Target::Kind::kNone) return prediction;
    prediction.target_value = out.front();
    const bool is_contrast = row.target.kind == engine::Target::Kind::kContrast;
    if (row.target.kind == engine::Target::Kind::kClass || is_contrast) {
      prediction.class_index = row.target.class_index >= 0 ? row.target.class_index : ArgMax(out, -1);
    }
    if (is_contrast) {
      prediction.foil_index = row.target.foil_index >= 0 ? row.target.foil_index : ArgMax(out, prediction.class_index);
    }
    return prediction;
  }

  static int32_t ArgMax(const std::vector<float>& values, int32_t except) {
    int32_t best = -1;
    for (int32_t i = 0; i < static_cast<int32_t>(values.size()); ++i) {
      const auto value = [&](int32_t index) { return values[static_cast<size_t>(index)]; };
      if (i != except && (best < 0 || value(i) > value(best))) best = i;
    }
    return best;
  }

  static void Announce(size_t index, const engine::RowResult& result, engine::PassObserver* observer) {
    if (observer == nullptr) return;
    for (size_t layer = 0; layer < result.attention.size(); ++layer) {
      observer->OnAttention(index, layer, result.attention[layer]);
    }
    observer->OnPrediction(index, result.prediction);
  }

  void WaitAt(Stage stage) {
    absl::MutexLock lock(&mutex_);
    is_held_ = held_stage_ == stage;
    auto may_go = [this, stage]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return held_stage_ != stage; };
    mutex_.Await(absl::Condition(&may_go));
    is_held_ = false;
  }

  const engine::ModelCard card_;
  const Script script_;
  mutable absl::Mutex mutex_;
  Stage held_stage_ ABSL_GUARDED_BY(mutex_) = Stage::kNowhere;
  bool is_held_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::vector<std::vector<int32_t>>> batches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::testing
