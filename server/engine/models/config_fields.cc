#include "engine/models/config_fields.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

// As Transformers decides it: `problem_type` if given, else one label is a regression.
absl::StatusOr<ModelCard::Task> ParseTask(const ConfigJson& config, size_t num_labels) {
  ABSL_ASSIGN_OR_RETURN(const std::string problem, config.String("problem_type", ""));
  if (problem == "regression" || (problem.empty() && num_labels == 1)) return ModelCard::Task::kRegression;
  if (problem == "multi_label_classification") return ModelCard::Task::kMultiLabel;
  if (problem == "single_label_classification" || problem.empty()) return ModelCard::Task::kClassification;
  return config.Error("problem_type", absl::StrCat("'", problem, "' is not known"));
}

absl::StatusOr<std::vector<std::string>> ParseLabels(const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(auto labels, config.IndexedStrings("id2label"));
  if (!labels.empty()) return labels;
  // Transformers' defaults when the folder says nothing.
  ABSL_ASSIGN_OR_RETURN(const int64_t num_labels, config.Int("num_labels", 1, kMaxExtent, 2));
  for (int64_t i = 0; i < num_labels; ++i) labels.push_back(absl::StrCat("LABEL_", i));
  return labels;
}

}  // namespace

absl::StatusOr<Activation> ReadActivation(const ConfigJson& config, const char* field, const char* default_act) {
  ABSL_ASSIGN_OR_RETURN(const std::string name, config.String(field, default_act));
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  return absl::UnimplementedError(absl::StrCat(field, " '", name,
                                               "' is not supported; supported are gelu, gelu_new, "
                                               "gelu_pytorch_tanh, relu, silu"));
}

absl::Status ReadExtents(const ConfigJson& config, const FieldNames& fields, Architecture* a) {
  ABSL_ASSIGN_OR_RETURN(a->vocab_size, config.Int("vocab_size", 1, kMaxExtent));
  if (fields.type_vocab_size != nullptr) {
    ABSL_ASSIGN_OR_RETURN(a->type_vocab_size, config.Int(fields.type_vocab_size, 1, kMaxExtent, 2));
  }
  ABSL_ASSIGN_OR_RETURN(a->max_position_embeddings, config.Int(fields.max_position_embeddings, 1, kMaxExtent));
  ABSL_ASSIGN_OR_RETURN(a->hidden_size, config.Int(fields.hidden_size, 1, kMaxExtent));
  a->embedding_size = a->hidden_size;
  ABSL_ASSIGN_OR_RETURN(a->num_hidden_layers, config.Int(fields.num_hidden_layers, 1, 1000));
  ABSL_ASSIGN_OR_RETURN(a->num_attention_heads, config.Int(fields.num_attention_heads, 1, a->hidden_size));
  a->num_key_value_heads = a->num_attention_heads;
  std::optional<int64_t> default_intermediate;
  if (fields.has_default_intermediate) default_intermediate = 4 * a->hidden_size;
  ABSL_ASSIGN_OR_RETURN(a->intermediate_size,
                        config.Int(fields.intermediate_size, 1, 4 * kMaxExtent, default_intermediate));
  a->norm_eps = fields.default_eps;
  if (fields.norm_eps != nullptr) {
    ABSL_ASSIGN_OR_RETURN(a->norm_eps, config.Number(fields.norm_eps, a->norm_eps));
    if (a->norm_eps <= 0) return config.Error(fields.norm_eps, "must be positive");
  }
  ABSL_ASSIGN_OR_RETURN(a->activation, ReadActivation(config, fields.hidden_act, fields.default_act));
  if (!config.Has("head_dim") && a->hidden_size % a->num_attention_heads != 0) {
    return config.Error(fields.num_attention_heads,
                        absl::StrCat("must divide ", fields.hidden_size, " ", a->hidden_size));
  }
  a->head_size = a->hidden_size / a->num_attention_heads;
  return absl::OkStatus();
}

absl::Status ReadClasses(const ConfigJson& config, Architecture* a) {
  ABSL_ASSIGN_OR_RETURN(a->labels, ParseLabels(config));
  ABSL_ASSIGN_OR_RETURN(a->task, ParseTask(config, a->labels.size()));
  return absl::OkStatus();
}

absl::Status ReadTokenHead(const ConfigJson& config, Architecture* a) {
  if (absl::EndsWith(a->name, "ForTokenClassification")) {
    a->head = Head::kEachToken;
    a->task = ModelCard::Task::kTokenClassification;
    ABSL_ASSIGN_OR_RETURN(a->labels, ParseLabels(config));
  } else if (absl::EndsWith(a->name, "ForQuestionAnswering")) {
    a->head = Head::kEachToken;
    a->task = ModelCard::Task::kQuestionAnswering;
    ABSL_ASSIGN_OR_RETURN(const std::vector<std::string> labels, ParseLabels(config));
    if (labels.size() != 2) {
      return config.Error("id2label", absl::StrCat("has ", labels.size(), " labels, an answer has 2: begin and end"));
    }
  }
  return absl::OkStatus();
}

absl::Status RefuseUnless(const ConfigJson& config, const char* field, bool supported) {
  ABSL_ASSIGN_OR_RETURN(const bool value, config.Bool(field, supported));
  if (value == supported) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(field, " ", value ? "true" : "false", " is not supported; supported is ",
                                               supported ? "true" : "false"));
}

}  // namespace limpid::engine
