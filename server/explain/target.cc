#include "explain/target.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace limpid::explain {
namespace {

using Kind = TargetSpec::Kind;
using Task = engine::ModelCard::Task;

constexpr size_t kMaxListedLabels = 20;

absl::Status FieldError(const std::string& field, const std::string& problem) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", problem));
}

engine::Target TargetOf(engine::Target::Kind kind, engine::Score score) {
  engine::Target target;
  target.kind = kind;
  target.score = score;
  return target;
}

std::string ListLabels(const std::vector<std::string>& labels) {
  const auto end = labels.begin() + static_cast<ptrdiff_t>(std::min(labels.size(), kMaxListedLabels));
  const size_t left_out = static_cast<size_t>(labels.end() - end);
  return absl::StrCat(absl::StrJoin(labels.begin(), end, ", "),
                      left_out > 0 ? absl::StrCat(" and ", left_out, " more") : "");
}

absl::Status CheckClassTarget(const TargetSpec& spec, const engine::ModelCard& model, const std::string& field) {
  if (model.task == Task::kEmbedding) {
    return FieldError(field,
                      "needs a classifier, this model gives embeddings (similarity or mean_output are possible)");
  }
  if (model.task == Task::kRegression && spec.score != engine::Score::kLogit) {
    return FieldError("target.score", "must be LOGIT for a regression, which has no probabilities");
  }
  return absl::OkStatus();
}

absl::StatusOr<engine::Target> ResolveContrast(const TargetSpec& spec, const engine::ModelCard& model) {
  ABSL_RETURN_IF_ERROR(CheckClassTarget(spec, model, "target.contrast"));
  if (model.labels.size() < 2) return FieldError("target.contrast", "needs a model of at least two classes");
  engine::Target target = TargetOf(engine::Target::Kind::kContrast, spec.score);
  ABSL_ASSIGN_OR_RETURN(target.class_index,
                        ResolveClass(spec.target, engine::Target::kPredicted, model, "target.contrast.target"));
  ABSL_ASSIGN_OR_RETURN(target.foil_index,
                        ResolveClass(spec.foil, engine::Target::kRunnerUp, model, "target.contrast.foil"));
  if (target.class_index >= 0 && target.class_index == target.foil_index) {
    return FieldError("target.contrast.foil", absl::StrCat("is class ", target.foil_index, ", the same as the target"));
  }
  return target;
}

absl::StatusOr<engine::Target> ResolveClassTarget(const TargetSpec& spec, const engine::ModelCard& model) {
  ABSL_RETURN_IF_ERROR(CheckClassTarget(spec, model, "target.class"));
  engine::Target target = TargetOf(engine::Target::Kind::kClass, spec.score);
  ABSL_ASSIGN_OR_RETURN(target.class_index,
                        ResolveClass(spec.target, engine::Target::kPredicted, model, "target.class"));
  return target;
}

std::string DescribeClass(engine::Score score, int32_t index, const engine::ModelCard& model) {
  if (model.task == Task::kRegression) return "output of the regression";
  const char* const form = score == engine::Score::kLogit     ? "logit"
                           : score == engine::Score::kLogProb ? "log-probability"
                                                              : "probability";
  return absl::StrCat(form, " of class ", index, " (", model.labels.at(static_cast<size_t>(index)), ")");
}

}  // namespace

absl::StatusOr<int32_t> ResolveClass(const ClassRef& ref, int32_t unset, const engine::ModelCard& model,
                                     const std::string& field) {
  const std::vector<std::string>& labels = model.labels;
  if (ref.label.has_value()) {
    const auto found = std::find(labels.begin(), labels.end(), *ref.label);
    if (found != labels.end()) return static_cast<int32_t>(found - labels.begin());
    return FieldError(field + ".label",
                      absl::StrCat("'", *ref.label, "' is none of the model's labels: ", ListLabels(labels)));
  }
  if (!ref.index.has_value()) return unset;
  if (*ref.index >= 0 && static_cast<size_t>(*ref.index) < labels.size()) return *ref.index;
  return FieldError(field + ".index",
                    absl::StrCat("is ", *ref.index, ", the model has classes 0 to ", labels.size() - 1));
}

absl::StatusOr<engine::Target> ResolveTarget(const TargetSpec& spec, const engine::ModelCard& model) {
  const bool is_encoder = model.task == Task::kEmbedding;
  const Kind kind = spec.kind != Kind::kDefault ? spec.kind : is_encoder ? Kind::kMeanOutput : Kind::kClass;
  if (kind == Kind::kContrast) return ResolveContrast(spec, model);
  if (kind == Kind::kClass) return ResolveClassTarget(spec, model);
  if (spec.score != engine::Score::kLogit) {
    return FieldError("target.score", "LOG_PROB and PROB are forms of a class's score, this target is not a class");
  }
  if (kind == Kind::kMeanOutput) return TargetOf(engine::Target::Kind::kMeanOutput, spec.score);
  if (!is_encoder) return FieldError("target.similarity", "needs a model that gives embeddings, this is a classifier");
  return TargetOf(engine::Target::Kind::kSimilarity, spec.score);
}

std::string DescribeTarget(const engine::Target& target, const engine::Prediction& prediction,
                           const engine::ModelCard& model) {
  switch (target.kind) {
    case engine::Target::Kind::kNone:
      return "";
    case engine::Target::Kind::kClass:
      return DescribeClass(target.score, prediction.class_index, model);
    case engine::Target::Kind::kContrast:
      return absl::StrCat(DescribeClass(target.score, prediction.class_index, model), " minus ",
                          DescribeClass(target.score, prediction.foil_index, model));
    case engine::Target::Kind::kSimilarity:
      return "cosine similarity to the other text";
    case engine::Target::Kind::kMeanOutput:
      return model.task == Task::kEmbedding ? "mean of the last hidden state" : "mean of the logits";
  }
  return "";
}

}  // namespace limpid::explain
