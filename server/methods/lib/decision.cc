#include "methods/lib/decision.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "explain/prediction.h"

namespace limpid::methods {
namespace {

using Kind = engine::Target::Kind;
using Task = engine::ModelCard::Task;

const char* NameOf(Task task) {
  switch (task) {
    case Task::kClassification:
      return "is a classifier of one class";
    case Task::kRegression:
      return "is a regression";
    case Task::kMultiLabel:
      return "has several labels that hold at once";
    case Task::kLanguageModel:
      return "is a language model";
    case Task::kTokenClassification:
      return "labels tokens";
    case Task::kQuestionAnswering:
      return "answers questions";
    case Task::kEmbedding:
      break;
  }
  return "gives embeddings";
}

int32_t ArgMax(const std::vector<float>& values) {
  return static_cast<int32_t>(std::ranges::max_element(values) - values.begin());
}

}  // namespace

absl::Status Decision::Check(const explain::MethodInput& input) {
  const engine::ModelCard& model = input.model;
  if (model.task != Task::kClassification || model.labels.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("model: ", NameOf(model.task),
                                                   ", edits are searched for classifiers of at least two classes of "
                                                   "which one holds"));
  }
  const Kind kind = input.base_row.target.kind;
  if (kind == Kind::kClass || kind == Kind::kContrast) return absl::OkStatus();
  return absl::InvalidArgumentError("target: must be a class or a contrast: edits change a decision");
}

Decision::Decision(const explain::MethodInput& input, const engine::Prediction& base)
    : class_index_(base.class_index),
      foil_index_(input.base_row.target.kind == Kind::kContrast ? base.foil_index : engine::Target::kRunnerUp) {}

float Decision::Margin(const std::vector<float>& logits) const {
  float other = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < logits.size(); ++i) {
    const auto index = static_cast<int32_t>(i);
    const bool counts = foil_index_ >= 0 ? index == foil_index_ : index != class_index_;
    if (counts) other = std::max(other, logits[i]);
  }
  return logits[static_cast<size_t>(class_index_)] - other;
}

engine::Target Decision::MarginTarget() const {
  return {.kind = Kind::kContrast, .class_index = class_index_, .foil_index = foil_index_};
}

void Decision::Describe(const engine::ModelCard& model, const std::vector<float>& before,
                        const std::vector<float>& after, explain::Edits* edits) const {
  edits->margin_before = Margin(before);
  edits->margin_after = Margin(after);
  edits->class_before = ArgMax(before);
  edits->class_after = ArgMax(after);
  edits->probabilities = explain::Probabilities(model, after);
}

}  // namespace limpid::methods
