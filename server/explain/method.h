#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What every method may look at: the request, and the text as the model reads it. All of it outlives the call it is
// given to.
struct MethodInput {
  const engine::ModelCard& model;
  const text::Tokenizer& tokenizer;
  const text::Encoding& encoding;
  // The row of the unaltered text with the request's target. All methods of a request share it.
  const engine::Row& base_row;
  const ExplainRequest& request;
  // The tokens of a similarity target's text; else null.
  const text::Encoding* other = nullptr;

  size_t num_tokens() const { return encoding.tokens.size(); }
};

// The base row with nothing wanted and with the target that its prediction resolved, for altered copies: what they
// would predict themselves may be another class.
engine::Row FrozenRow(const MethodInput& input, const engine::Prediction& base);

// INVALID_ARGUMENT if the text has no token of this index.
absl::Status CheckQueryToken(uint32_t query_token, const MethodInput& input);

// The token whose row of a map is meant. 0, the default, is the token that the target reads, which `base` has resolved.
uint32_t QueryToken(uint32_t asked, const MethodInput& input, const engine::Prediction& base);

// What a method gives: numbers a token as a rule. The session adds units, granularity and the index.
struct TokenScores {
  MethodCard card;
  std::vector<float> scores;       // [T]
  engine::HostTensor head_scores;  // [layers, heads], instead of scores
  std::optional<TokenMatrix> matrix = std::nullopt;
  std::optional<Edits> edits = std::nullopt;
};

// Rows that a method expects to ask for in its folds: for the estimate of the request's cost.
struct Forecast {
  uint32_t rows = 0;
  engine::Wanted wanted = {};
  size_t num_tokens = 0;      // of each row; 0: as long as the input
  uint32_t rows_at_once = 0;  // of which results are there at a time; 0: all
};

// A fold's outcome: more rows to run, or none when the scores are final.
struct FoldStep {
  std::vector<engine::Row> more_rows = {};
  TokenScores scores = {};     // valid if more_rows is empty, or if it is a refinement
  bool is_refinement = false;  // with more_rows: the scores as far as they are known are worth sending
};

// One way to explain: rows to run and a fold over their results. One object per request and method; a session calls it
// from one thread at a time, in this order: Check, Plan, then Fold until it asks for no more rows.
class Method {
 public:
  virtual ~Method() = default;

  // Refuses options that this input or model cannot satisfy: INVALID_ARGUMENT naming the option and its range,
  // "query_token: is 3, ...", or the field of the request that it is about, which is "model", "input" or "target".
  virtual absl::Status Check(const MethodInput&) const { return absl::OkStatus(); }

  // Adds to `base` what this method reads from the base row.
  virtual void Plan(const MethodInput&, engine::Wanted*) const {}

  virtual std::vector<Forecast> Expect(const MethodInput&) const { return {}; }

  // `rows` are the results of those that the last fold asked for, in their order; none in the first fold. A row that
  // wants nothing but the prediction is run once a request, whoever asks for it and how often; its result has no
  // embedding.
  virtual absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                        std::span<const engine::RowResult> rows) = 0;
};

}  // namespace limpid::explain
