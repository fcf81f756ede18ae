#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What every method may look at: the text as the model reads it.
struct MethodInput {
  const engine::ModelCard& model;
  const text::Encoding& encoding;
  const text::StandIns stand_ins;
  // The row of the unaltered text with the request's target. All methods of a request share it.
  const engine::Row& base_row;
};

// The base row with nothing wanted and with the target that its prediction resolved, for altered copies: what they
// would predict themselves may be another class.
engine::Row FrozenRow(const MethodInput& input, const engine::Prediction& base);

// One number per token, or one per head; the session adds units, granularity and the index.
struct TokenScores {
  MethodCard card;
  std::vector<float> scores;       // [T]
  engine::HostTensor head_scores;  // [layers, heads], instead of scores
};

// Rows, as long as the input, that a method expects to ask for in its folds: for the estimate of the request's cost.
struct Forecast {
  uint32_t rows = 0;
  engine::Wanted wanted = {};
};

// A fold's outcome: the scores, or more rows to run first.
struct FoldStep {
  std::vector<engine::Row> more_rows;
  TokenScores scores;  // valid if more_rows is empty
};

// One way to explain: a plan of rows and a fold over their results. One object per request and method; a session
// calls it from one thread at a time, in this order: Check, Plan, then Fold until it asks for no more rows.
class Method {
 public:
  virtual ~Method() = default;

  virtual std::string_view name() const = 0;

  // Refuses options that this input or model cannot satisfy: INVALID_ARGUMENT naming the option and its range.
  virtual absl::Status Check(const MethodInput&) const { return absl::OkStatus(); }

  // Adds to `base` what this method reads from the base row, and returns the rows it needs beside it (often none).
  virtual std::vector<engine::Row> Plan(const MethodInput& input, engine::Wanted* base) const = 0;

  virtual Forecast Expect(const MethodInput&) const { return {}; }

  // `rows` are the results of all rows asked for so far, in the order they were asked.
  virtual absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                        std::span<const engine::RowResult> rows) = 0;
};

// Makes the method that a spec describes (methods.cc holds the list).
std::unique_ptr<Method> MakeMethod(const MethodSpec& spec);
std::vector<std::unique_ptr<Method>> MakeMethods(const std::vector<MethodSpec>& specs);

}  // namespace limpid::explain
