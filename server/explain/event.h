#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "engine/row.h"
#include "explain/request.h"
#include "text/tokenizer.h"

// What an explanation consists of, as it leaves the explain room: the plain twin of limpid.v1.ExplainResponse.
namespace limpid::explain {

// A token of a language model's vocabulary that may come next.
struct RankedToken {
  int32_t id = 0;
  std::string text;  // the vocabulary's spelling
  float logit = 0, log_prob = 0;
};

struct PredictionEvent {
  std::vector<text::Token> tokens;
  bool truncated = false;
  engine::Prediction prediction;
  std::vector<float> probabilities;           // [classes]; empty for embeddings, regressions and language models
  std::vector<RankedToken> best_tokens = {};  // language models only
  float answer_probability = 0;               // of the predicted answer, where the model answers questions
  std::string target_description;             // e.g. "logit of class 1 (declined)"
};

// What one score stands for; ranges as in text::Token.
struct Unit {
  uint32_t begin_token = 0, end_token = 0;
  int32_t sequence = -1;
  bool is_special = false;
  uint32_t begin_byte = 0, end_byte = 0, begin_char = 0, end_char = 0;
};

// Of scores that sum to value - baseline_value.
struct Completeness {
  float value = 0, baseline_value = 0;
  float error = 0;             // |sum - (value - baseline_value)| / |value - baseline_value|
  float refinement_error = 0;  // of an integral, estimated by what more nodes changed; 0 where nothing is approximated
  bool is_certified = false;   // both are within the tolerance asked for
};

struct MethodCard {
  std::string method;
  std::optional<engine::AttachPoint> attach_point;
  Reduction reduction = Reduction::kDefault;
  bool is_signed = false;
  int32_t layer = -1;
  int32_t query_token = -1;
  bool depends_on_target = true;
  float sum_abs = 0;  // over token scores before any aggregation, or over head scores
  std::optional<Replacement> replacement;
  uint32_t rows = 0;   // beside the base row
  uint32_t units = 0;  // taken out one at a time, or kept or taken out by a sample
  std::string baseline;
  std::optional<uint64_t> seed;
  uint32_t samples = 0;
  std::string form;
  Aggregation aggregation = Aggregation::kSum;
  Normalization normalization = Normalization::kNone;
  float scale = 0;  // 0 without normalization
  std::optional<Completeness> completeness;
};

// A change of one unit of the input.
struct Edit {
  Unit unit;
  std::string replacement;      // what stands there now; empty: taken out
  int32_t replacement_id = -1;  // -1: taken out
};

// A changed input, and what the model makes of it. Semantics of limpid.v1.Edits.
struct Edits {
  enum class Outcome { kFound, kNotFound, kBudgetSpent } outcome = Outcome::kNotFound;
  bool is_minimal = false;
  std::vector<Edit> edits;
  std::vector<int32_t> token_ids, type_ids;
  std::string text, text_pair;
  float margin_before = 0, margin_after = 0;
  int32_t class_before = -1, class_after = -1;
  std::vector<float> probabilities;
};

// [T, other T], row-major.
struct TokenMatrix {
  std::vector<text::Token> other_tokens;
  std::vector<float> values;
};

struct AttributionEvent {
  uint32_t method_index = 0;
  MethodCard card;
  std::vector<float> scores;
  std::vector<float> scaled_scores;  // scores / card.scale; with a normalization only
  std::vector<Unit> units;
  engine::HostTensor head_scores;  // [layers, heads]; head importance only
  std::optional<TokenMatrix> matrix;
  std::optional<Edits> edits;
  bool is_refining = false;  // scores of the same method with more rows follow
  // The generated token that this is about.
  struct Generated {
    uint32_t index = 0;
    std::string target_description;
    engine::Prediction target;  // without logits
  };
  std::optional<Generated> generated = std::nullopt;
};

// Semantics of limpid.v1.Quality.Metric.
enum class Metric {
  kComprehensiveness,
  kSufficiency,
  kDeletion,
  kInsertion,
  kLogOdds,
  kInfidelity,
  kMaxSensitivity,
  kCompleteness,
  kSoftComprehensiveness,
  kSoftSufficiency,
  kNormalizedDeletion,
};

struct QualityValue {
  Metric metric = Metric::kComprehensiveness;
  float value = 0;
  std::optional<float> random_value = std::nullopt;  // mean over random orders
  bool beats_random = false;
  std::vector<float> curve = {}, shares = {};  // of the same length
};

// Of one attribution.
struct QualityEvent {
  uint32_t method_index = 0;
  std::vector<QualityValue> values;
  Replacement replacement = Replacement::kDefault;
  uint32_t rows = 0;  // beside those that were there already
  std::optional<uint32_t> generated_index = std::nullopt;
};

// Semantics of limpid.v1.GeneratedToken.
struct GeneratedTokenEvent {
  uint32_t index = 0;
  text::Token token;
  std::string text;
  float logit = 0, log_prob = 0;
  std::vector<RankedToken> alternatives = {};
};

// Semantics of limpid.v1.Generation.
struct GenerationSummary {
  enum class FinishReason { kLength, kEnd, kStop, kCompletion } finish_reason = FinishReason::kLength;
  uint32_t tokens = 0;
  std::string text;
  double first_token_ms = 0, first_explained_token_ms = 0;
};

// One layer's maps, whole; the rpc room cuts them into chunks and encodes each when the stream has room for it. Layers
// come in ascending order.
struct AttentionEvent {
  int32_t layer = 0;
  size_t layer_index = 0, num_layers = 1;  // among the layers of this answer
  std::vector<int32_t> heads;              // chosen heads; with mean_over_heads those that were averaged
  bool mean_over_heads = false;
  AttentionSelection::Encoding encoding = AttentionSelection::Encoding::kFloat32;
  // [model heads, T, T]; or, made for this event, [1, T, T] with mean_over_heads, [payload heads, T, K] with top_k.
  engine::HostTensor maps;
  std::shared_ptr<const std::vector<uint16_t>> key_positions;  // [payload heads, T, K]; with top_k only
  std::shared_ptr<const void> reservation;  // of the answer's bytes: to be kept as long as the maps are
};

struct SummaryEvent {
  double tokenize_ms = 0, queue_ms = 0, compute_ms = 0, total_ms = 0;
  uint32_t rows_forward = 0, rows_backward = 0;
  uint32_t tokens = 0;           // of all rows
  uint64_t attention_bytes = 0;  // payload bytes of the whole answer
  std::string model;
  std::string weights_sha256;
  bool partial = false;
  std::vector<uint32_t> missing_methods = {}, missing_quality = {}, missing_attention_layers = {};
  bool condition_unmet = false;
  std::optional<GenerationSummary> generation = std::nullopt;
};

using Event =
    std::variant<PredictionEvent, AttributionEvent, AttentionEvent, QualityEvent, GeneratedTokenEvent, SummaryEvent>;

// Where a session's events go. Called from any thread, one call at a time per session, in the order of the contract;
// must not block. After End nothing more comes.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Emit(Event event) = 0;
  // Exactly once. OK only after a SummaryEvent.
  virtual void End(absl::Status status) = 0;
};

}  // namespace limpid::explain
