#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"

namespace limpid::engine {

// What a loaded model is: everything a caller may ask without running it. Without token types type_vocab_size is 0.
struct ModelCard {
  std::string architecture;  // config.json `architectures[0]`
  enum class Task {
    kClassification,
    kRegression,
    kMultiLabel,
    kEmbedding,
    kLanguageModel,
    kTokenClassification,
    kQuestionAnswering
  } task = Task::kEmbedding;
  // [classes]; empty for embeddings and answers, and for language models, whose classes are tokens.
  std::vector<std::string> labels;
  int64_t num_layers = 0, num_heads = 0, hidden_size = 0, vocab_size = 0, type_vocab_size = 0;
  int64_t max_tokens = 0;  // longest sequence, special tokens included
  int64_t num_parameters = 0;
  std::vector<int32_t> end_tokens;    // of a text that a language model generates; may be empty
  bool is_causal = false;             // no token sees those behind it
  bool has_lrp = false;               // the backward pass knows the rules of relevance propagation
  bool embedding_normalized = false;  // pooled embedding is divided by its L2 norm
  bool has_mean_pooling = false;      // pooled embedding is the mean of all last hidden states
  std::string weights_sha256;         // of model.safetensors, hex
  std::string device;                 // "cpu", "cuda:0"

  bool is_language_model() const { return task == Task::kLanguageModel; }
  bool has_classes() const { return task != Task::kEmbedding && task != Task::kQuestionAnswering; }
  // Whether the target says which token's scores it is about.
  bool has_position() const { return is_language_model() || task == Task::kTokenClassification; }
  // Whether `outputs[0].mean()` may be asked for.
  bool has_mean_output() const { return !has_position() && task != Task::kQuestionAnswering; }
  size_t num_classes() const { return is_language_model() ? static_cast<size_t>(vocab_size) : labels.size(); }
};

// What a row costs, from its length and what is wanted of it, without running it.
struct PassCost {
  double flops = 0;           // of the matrix products
  uint64_t peak_bytes = 0;    // most memory that the row's pass takes at once, result included; never too low
  uint64_t result_bytes = 0;  // of its RowResult, which may be kept for long; never too low
};

// Is told what is ready while Run runs. Calls come one at a time, but from any of the pass's threads and in any order
// of rows; they must be quick.
class PassObserver {
 public:
  virtual ~PassObserver() = default;
  // Once per row, after its forward pass and before its backward pass.
  virtual void OnPrediction(size_t row_index, const Prediction&) = 0;
  // Once per row and element `index` of its Wanted::attention_layers, in ascending order and before OnPrediction: that
  // layer's maps, [heads, T, T], as RowResult::attention will have them.
  virtual void OnAttention(size_t row_index, size_t index, const HostTensor& maps) = 0;
};

// One model on one device: the fused pass.
//
// Not thread-safe: one compute worker per device calls Run. The card may be read from any thread.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const ModelCard& card() const = 0;

  // INVALID_ARGUMENT naming the field if the row cannot be run on this model (ids out of range, too long, target
  // or layer that the model lacks). Thread-safe; every row must pass before it is given to Run.
  virtual absl::Status Check(const Row& row) const = 0;

  // Of one row; those of a batch's rows add up. Thread-safe.
  virtual PassCost Cost(size_t num_tokens, const Wanted& wanted) const = 0;

  // For a sequence that grows to `capacity` tokens, of a causal model; with all that a backward pass needs if asked.
  // Thread-safe.
  virtual std::shared_ptr<Past> NewPast(size_t capacity, bool keeps_for_backward) = 0;
  // Its memory once it is full.
  virtual uint64_t PastBytes(size_t capacity, bool keeps_for_backward) const = 0;

  // Runs the rows as one packed batch; `observer` may be null; results in the same order. A row's result does not
  // depend on the other rows beyond rounding. INTERNAL on a defect or a result that is not finite, RESOURCE_EXHAUSTED
  // when the device has no memory left: then no row has a result and the engine can go on.
  virtual absl::StatusOr<std::vector<RowResult>> Run(std::span<const Row* const> rows, PassObserver* observer) = 0;

  // What Run has to give for this row: the pass in its plainest form, slow. Not beside Run, but from any thread. An
  // engine that has one form only runs that.
  virtual absl::StatusOr<RowResult> RunReference(const Row& row) {
    const Row* const rows[] = {&row};
    absl::StatusOr<std::vector<RowResult>> results = Run(rows, nullptr);
    if (!results.ok()) return results.status();
    return std::move(results->front());
  }
};

struct EngineOptions {
  std::string device = "cpu";  // "cpu", "cuda", "cuda:N"
  int num_threads = 0;         // CPU threads of a pass; 0: all cores
  // Weights stay in the file's pages, which processes of one host share; the file must not change while it is served.
  bool map_weights = false;
};

// Loads a Hugging Face model folder (config.json, model.safetensors). NOT_FOUND: a file is missing;
// INVALID_ARGUMENT: it does not parse, a tensor is missing or has the wrong shape; UNIMPLEMENTED: an architecture
// that is not supported (the message lists those that are).
absl::StatusOr<std::unique_ptr<Engine>> LoadEngine(const std::string& model_folder, const EngineOptions& options);

// Operations a second of a large fp32 matrix product, the best of some: what the passes' own speed is held against.
// Takes a tenth of a second or two. The device must be one that a model was loaded on.
double MeasurePeakFlops(const EngineOptions& options);

}  // namespace limpid::engine
