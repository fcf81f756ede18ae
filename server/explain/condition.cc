#include "explain/condition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/prediction.h"
#include "explain/target.h"

namespace limpid::explain {
namespace {

using Task = engine::ModelCard::Task;

absl::Status CheckBound(const char* field, const std::optional<float>& bound) {
  if (!bound.has_value() || (*bound >= 0 && *bound <= 1)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("condition.", field, ": is ", *bound, ", must be in [0, 1]"));
}

absl::Status CheckBounds(const ConditionSpec& spec, const engine::ModelCard& model) {
  if (!spec.min_probability.has_value() && !spec.max_probability.has_value()) return absl::OkStatus();
  if (model.task == Task::kRegression) {
    return absl::InvalidArgumentError("condition: a regression has no probabilities to bound");
  }
  ABSL_RETURN_IF_ERROR(CheckBound("min_probability", spec.min_probability));
  ABSL_RETURN_IF_ERROR(CheckBound("max_probability", spec.max_probability));
  if (spec.min_probability.value_or(0) <= spec.max_probability.value_or(1)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("condition.min_probability: is ", *spec.min_probability,
                                                 ", more than max_probability ", *spec.max_probability));
}

}  // namespace

absl::StatusOr<Condition> Condition::Create(const ConditionSpec& spec, const engine::ModelCard& model,
                                            const text::Tokenizer& tokenizer) {
  if (!model.has_classes()) {
    return absl::InvalidArgumentError("condition: needs a classifier");
  }
  ABSL_RETURN_IF_ERROR(CheckBounds(spec, model));
  Condition condition;
  for (size_t i = 0; i < spec.predicted.size(); ++i) {
    const std::string field = absl::StrCat("condition.predicted[", i, "]");
    ABSL_ASSIGN_OR_RETURN(const int32_t index,
                          ResolveClass(spec.predicted[i], engine::Target::kPredicted, model, tokenizer, field));
    if (index < 0) return absl::InvalidArgumentError(absl::StrCat(field, ": set index or label"));
    condition.predicted_.push_back(index);
  }
  ABSL_ASSIGN_OR_RETURN(condition.scored_,
                        ResolveClass(spec.scored, engine::Target::kPredicted, model, tokenizer, "condition.scored"));
  condition.min_probability_ = spec.min_probability;
  condition.max_probability_ = spec.max_probability;
  return condition;
}

bool Condition::Holds(const engine::ModelCard& model, const engine::Prediction& prediction) const {
  const std::vector<float>& logits = prediction.logits;
  const auto predicted = static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  if (!predicted_.empty() && std::find(predicted_.begin(), predicted_.end(), predicted) == predicted_.end()) {
    return false;
  }
  if (!min_probability_.has_value() && !max_probability_.has_value()) return true;
  const auto scored = static_cast<size_t>(scored_ < 0 ? predicted : scored_);
  const float probability = Probabilities(model, logits)[scored];
  return probability >= min_probability_.value_or(0) && probability <= max_probability_.value_or(1);
}

}  // namespace limpid::explain
