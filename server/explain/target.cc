#include "explain/target.h"

#include <algorithm>
#include <limits>
#include <optional>
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
  if (model.task == Task::kQuestionAnswering) {
    return FieldError(field, "needs a classifier, this model answers questions (answer is possible)");
  }
  if (model.task == Task::kEmbedding) {
    return FieldError(field,
                      "needs a classifier, this model gives embeddings (similarity or mean_output are possible)");
  }
  if (model.task == Task::kRegression && spec.score != engine::Score::kLogit) {
    return FieldError("target.score", "must be LOGIT for a regression, which has no probabilities");
  }
  return absl::OkStatus();
}

absl::StatusOr<engine::Target> ResolveContrast(const TargetSpec& spec, const engine::ModelCard& model,
                                               const text::Tokenizer& tokenizer) {
  ABSL_RETURN_IF_ERROR(CheckClassTarget(spec, model, "target.contrast"));
  if (model.num_classes() < 2) return FieldError("target.contrast", "needs a model of at least two classes");
  engine::Target target = TargetOf(engine::Target::Kind::kContrast, spec.score);
  ABSL_ASSIGN_OR_RETURN(target.class_index, ResolveClass(spec.target, engine::Target::kPredicted, model, tokenizer,
                                                         "target.contrast.target"));
  ABSL_ASSIGN_OR_RETURN(target.foil_index,
                        ResolveClass(spec.foil, engine::Target::kRunnerUp, model, tokenizer, "target.contrast.foil"));
  if (target.class_index >= 0 && target.class_index == target.foil_index) {
    return FieldError("target.contrast.foil", absl::StrCat("is class ", target.foil_index, ", the same as the target"));
  }
  return target;
}

absl::StatusOr<engine::Target> ResolveClassTarget(const TargetSpec& spec, const engine::ModelCard& model,
                                                  const text::Tokenizer& tokenizer) {
  ABSL_RETURN_IF_ERROR(CheckClassTarget(spec, model, "target.class"));
  engine::Target target = TargetOf(engine::Target::Kind::kClass, spec.score);
  ABSL_ASSIGN_OR_RETURN(target.class_index,
                        ResolveClass(spec.target, engine::Target::kPredicted, model, tokenizer, "target.class"));
  return target;
}

absl::StatusOr<engine::Target> ResolveAnswer(const TargetSpec& spec, const engine::ModelCard& model) {
  if (model.task != Task::kQuestionAnswering) {
    return FieldError("target.answer", "needs a model that answers questions");
  }
  engine::Target target = TargetOf(engine::Target::Kind::kAnswer, spec.score);
  if (!spec.answer.has_value()) return target;
  target.answer = *spec.answer;
  if (target.answer.begin < target.answer.end) return target;
  return FieldError("target.answer", absl::StrCat("begin_token is ", target.answer.begin, ", must be below end_token ",
                                                  target.answer.end));
}

// The default of the task.
Kind KindOf(const TargetSpec& spec, const engine::ModelCard& model) {
  if (spec.kind != Kind::kDefault) return spec.kind;
  if (model.task == Task::kQuestionAnswering) return Kind::kAnswer;
  return model.task == Task::kEmbedding ? Kind::kMeanOutput : Kind::kClass;
}

absl::StatusOr<engine::Target> ResolveKind(const TargetSpec& spec, const engine::ModelCard& model,
                                           const text::Tokenizer& tokenizer) {
  const Kind kind = KindOf(spec, model);
  if (kind == Kind::kAnswer) return ResolveAnswer(spec, model);
  if (kind == Kind::kContrast) return ResolveContrast(spec, model, tokenizer);
  if (kind == Kind::kClass) return ResolveClassTarget(spec, model, tokenizer);
  if (spec.score != engine::Score::kLogit) {
    return FieldError("target.score", "LOG_PROB and PROB are forms of a class's score, this target is not a class");
  }
  if (kind == Kind::kMeanOutput && !model.has_mean_output()) {
    return FieldError("target.mean_output", "needs a classifier of texts or an encoder");
  }
  if (kind == Kind::kMeanOutput) return TargetOf(engine::Target::Kind::kMeanOutput, spec.score);
  if (model.task != Task::kEmbedding) {
    return FieldError("target.similarity", absl::StrCat("needs a model that gives embeddings, this ",
                                                        model.has_classes() ? "is a classifier" : "answers questions"));
  }
  return TargetOf(engine::Target::Kind::kSimilarity, spec.score);
}

const char* NameOf(engine::Score score) {
  return score == engine::Score::kLogit     ? "logit"
         : score == engine::Score::kLogProb ? "log-probability"
                                            : "probability";
}

std::string DescribeClass(engine::Score score, int32_t index, const engine::ModelCard& model,
                          const text::Tokenizer& tokenizer) {
  if (model.task == Task::kRegression) return "output of the regression";
  const char* const form = NameOf(score);
  if (model.is_language_model()) {
    return absl::StrCat(form, " of token ", index, " (", SpellingOf(tokenizer, index), ")");
  }
  return absl::StrCat(form, " of class ", index, " (", model.labels.at(static_cast<size_t>(index)), ")");
}

// By its spelling, or as a text of one token.
absl::StatusOr<int32_t> TokenOf(const std::string& label, const text::Tokenizer& tokenizer, const std::string& field) {
  if (const std::optional<int32_t> id = tokenizer.IdOf(label); id.has_value()) return *id;
  if (label.empty()) return FieldError(field, "must not be empty");
  ABSL_ASSIGN_OR_RETURN(text::Encoding encoding, tokenizer.Encode(label, std::nullopt, text::Truncation::kError,
                                                                  std::numeric_limits<int32_t>::max()));
  std::erase_if(encoding.tokens, [](const text::Token& token) { return token.is_special; });
  if (encoding.tokens.size() == 1) return encoding.tokens.front().id;
  return FieldError(field, absl::StrCat("'", label, "' is ", encoding.tokens.size(), " tokens, must be one"));
}

}  // namespace

absl::StatusOr<int32_t> ResolveClass(const ClassRef& ref, int32_t unset, const engine::ModelCard& model,
                                     const text::Tokenizer& tokenizer, const std::string& field) {
  const std::vector<std::string>& labels = model.labels;
  if (ref.label.has_value() && model.is_language_model()) return TokenOf(*ref.label, tokenizer, field + ".label");
  if (ref.label.has_value()) {
    const auto found = std::find(labels.begin(), labels.end(), *ref.label);
    if (found != labels.end()) return static_cast<int32_t>(found - labels.begin());
    return FieldError(field + ".label",
                      absl::StrCat("'", *ref.label, "' is none of the model's labels: ", ListLabels(labels)));
  }
  if (!ref.index.has_value()) return unset;
  if (*ref.index >= 0 && static_cast<size_t>(*ref.index) < model.num_classes()) return *ref.index;
  return FieldError(field + ".index",
                    absl::StrCat("is ", *ref.index, ", the model has classes 0 to ", model.num_classes() - 1));
}

absl::StatusOr<engine::Target> ResolveTarget(const TargetSpec& spec, const engine::ModelCard& model,
                                             const text::Tokenizer& tokenizer) {
  if (spec.position.has_value() && !model.has_position()) {
    return FieldError("target.position", "needs a language model or a model that labels tokens");
  }
  ABSL_ASSIGN_OR_RETURN(engine::Target target, ResolveKind(spec, model, tokenizer));
  if (spec.position.has_value()) target.position = *spec.position;
  return target;
}

std::string SpellingOf(const text::Tokenizer& tokenizer, int32_t id) {
  const absl::StatusOr<text::Encoding> encoding = tokenizer.FromIds({id});
  // A model may have more classes than its vocabulary has tokens.
  return encoding.ok() ? encoding->tokens.front().text : "";
}

std::string DescribeTarget(const engine::Target& target, const engine::Prediction& prediction,
                           const engine::ModelCard& model, const text::Tokenizer& tokenizer) {
  const bool labels_tokens = model.task == Task::kTokenClassification;
  const std::string at_token = labels_tokens ? absl::StrCat(" at token ", prediction.target_tokens.begin) : "";
  switch (target.kind) {
    case engine::Target::Kind::kNone:
      return "";
    case engine::Target::Kind::kClass:
      return DescribeClass(target.score, prediction.class_index, model, tokenizer) + at_token;
    case engine::Target::Kind::kContrast:
      return absl::StrCat(DescribeClass(target.score, prediction.class_index, model, tokenizer), " minus ",
                          DescribeClass(target.score, prediction.foil_index, model, tokenizer), at_token);
    case engine::Target::Kind::kSimilarity:
      return "cosine similarity to the other text";
    case engine::Target::Kind::kMeanOutput:
      return model.task == Task::kEmbedding ? "mean of the last hidden state" : "mean of the logits";
    case engine::Target::Kind::kAnswer:
      return absl::StrCat(NameOf(target.score), " of an answer from token ", prediction.target_tokens.begin, " to ",
                          prediction.target_tokens.end - 1);
  }
  return "";
}

}  // namespace limpid::explain
