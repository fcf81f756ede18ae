#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

// The vocabulary between the rooms and the engine. Plain types: no LibTorch, no Protobuf.
namespace limpid::engine {

// Where a derivative is taken.
enum class AttachPoint { kWordEmbedding, kEmbeddingSum, kEmbeddingOutput };
inline constexpr size_t kNumAttachPoints = 3;

// The form of a class's score that is differentiated.
enum class Score { kLogit, kLogProb, kProb };

// The scalar F toward which a row is differentiated. kNone: the row needs no gradient.
struct Target {
  enum class Kind { kNone, kClass, kContrast, kSimilarity, kMeanOutput };
  // Decided after the forward pass, so that one pass is enough.
  static constexpr int32_t kPredicted = -1;
  static constexpr int32_t kRunnerUp = -2;

  Kind kind = Kind::kNone;
  Score score = Score::kLogit;
  int32_t class_index = kPredicted;  // kClass, kContrast: index, or kPredicted
  int32_t foil_index = kRunnerUp;    // kContrast: index, or kRunnerUp = best class other than class_index
  // kSimilarity: pooled embedding of the other text, [hidden_size].
  std::shared_ptr<const std::vector<float>> reference = nullptr;
};

// What a row should bring back beside its prediction. Everything here comes out of the same forward pass and, where
// a derivative is involved, the same backward pass.
struct Wanted {
  // Attention probabilities of these layers, all heads. Sorted, unique, each in [0, num_layers).
  std::vector<int32_t> attention_layers;
  bool head_mean_attention = false;  // [layers, T, T]: mean over heads of A
  bool gradient_attention = false;   // [layers, T, T]: mean over heads of max(0, dF/dA * A)
  bool head_importance = false;      // [layers, heads]: |sum_{t,d} O * dF/dO|
  // Input and gradient [T, d] at an attach point, indexed by AttachPoint.
  std::array<bool, kNumAttachPoints> gradient_at = {};

  bool needs_backward() const {
    return gradient_attention || head_importance || gradient_at[0] || gradient_at[1] || gradient_at[2];
  }
};

// One token sequence run through the model once.
struct Row {
  std::vector<int32_t> token_ids;  // [T], special tokens included; T >= 1
  std::vector<int32_t> type_ids;   // [T]
  Target target;
  Wanted wanted;
};

// A read-only fp32 array in host memory, row-major; shares ownership of what it looks at, so it is cheap to copy and
// outlives the batch that made it.
struct HostTensor {
  std::vector<int64_t> shape;
  std::span<const float> values;
  std::shared_ptr<const void> owner;

  bool empty() const { return values.empty(); }
};

// What the model says of a row.
struct Prediction {
  std::vector<float> logits;     // [classes]; empty without a head
  std::vector<float> embedding;  // [hidden_size] pooled; empty with a classification head
  // The target after resolution; -1 where the kind has none.
  int32_t class_index = -1;
  int32_t foil_index = -1;
  float target_value = 0;  // F; 0 when Target::Kind::kNone
};

struct RowResult {
  Prediction prediction;
  // Layer by layer in the order of Wanted::attention_layers, each [heads, T, T].
  std::vector<HostTensor> attention;
  HostTensor head_mean_attention;  // [layers, T, T]
  HostTensor gradient_attention;   // [layers, T, T]
  HostTensor head_importance;      // [layers, heads]
  // Indexed by AttachPoint; [T, d] each.
  std::array<HostTensor, kNumAttachPoints> inputs;
  std::array<HostTensor, kNumAttachPoints> gradients;
};

}  // namespace limpid::engine
