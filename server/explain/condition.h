#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// Whether a prediction is one that its caller wants explained (ExplainRequest::condition).
class Condition {
 public:
  // INVALID_ARGUMENT naming the field: not a classifier, no such class, bounds outside [0, 1] or in the wrong order, or
  // bounds on a regression, which has no probabilities.
  static absl::StatusOr<Condition> Create(const ConditionSpec& spec, const engine::ModelCard& model,
                                          const text::Tokenizer& tokenizer);

  bool Holds(const engine::ModelCard& model, const engine::Prediction& prediction) const;

 private:
  Condition() = default;

  std::vector<int32_t> predicted_;  // empty: any
  int32_t scored_ = engine::Target::kPredicted;
  std::optional<float> min_probability_, max_probability_;
};

}  // namespace limpid::explain
