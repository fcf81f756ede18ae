#include "engine/models/encoder_fields.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

absl::StatusOr<Activation> ParseActivation(const ConfigJson& config, const char* field, const char* default_act) {
  ABSL_ASSIGN_OR_RETURN(const std::string name, config.String(field, default_act));
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  return absl::UnimplementedError(absl::StrCat(field, " '", name,
                                               "' is not supported; supported are gelu, gelu_new, "
                                               "gelu_pytorch_tanh, relu"));
}

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

absl::Status RefuseUnsupported(const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(const std::string positions, config.String("position_embedding_type", "absolute"));
  if (positions != "absolute") {
    return absl::UnimplementedError(absl::StrCat("position_embedding_type '", positions, "' is not supported"));
  }
  ABSL_ASSIGN_OR_RETURN(const bool is_decoder, config.Bool("is_decoder", false));
  if (is_decoder) return absl::UnimplementedError("is_decoder: a decoder is not supported");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> ReadEncoder(const std::string& name, const ConfigJson& config, const FieldNames& fields) {
  ABSL_RETURN_IF_ERROR(RefuseUnsupported(config));
  Architecture a;
  a.name = name;
  ABSL_ASSIGN_OR_RETURN(a.vocab_size, config.Int("vocab_size", 1, kMaxExtent));
  if (fields.type_vocab_size != nullptr) {
    ABSL_ASSIGN_OR_RETURN(a.type_vocab_size, config.Int(fields.type_vocab_size, 1, kMaxExtent, 2));
  }
  ABSL_ASSIGN_OR_RETURN(a.max_position_embeddings, config.Int("max_position_embeddings", 1, kMaxExtent));
  ABSL_ASSIGN_OR_RETURN(a.hidden_size, config.Int(fields.hidden_size, 1, kMaxExtent));
  a.embedding_size = a.hidden_size;
  ABSL_ASSIGN_OR_RETURN(a.num_hidden_layers, config.Int(fields.num_hidden_layers, 1, 1000));
  ABSL_ASSIGN_OR_RETURN(a.num_attention_heads, config.Int(fields.num_attention_heads, 1, a.hidden_size));
  ABSL_ASSIGN_OR_RETURN(a.intermediate_size, config.Int(fields.intermediate_size, 1, kMaxExtent));
  a.layer_norm_eps = 1e-12;
  if (fields.layer_norm_eps != nullptr) {
    ABSL_ASSIGN_OR_RETURN(a.layer_norm_eps, config.Number(fields.layer_norm_eps, a.layer_norm_eps));
    if (a.layer_norm_eps <= 0) return config.Error(fields.layer_norm_eps, "must be positive");
  }
  ABSL_ASSIGN_OR_RETURN(a.activation, ParseActivation(config, fields.hidden_act, fields.default_act));
  if (a.hidden_size % a.num_attention_heads != 0) {
    return config.Error(fields.num_attention_heads,
                        absl::StrCat("must divide ", fields.hidden_size, " ", a.hidden_size));
  }
  if (absl::EndsWith(name, "ForSequenceClassification")) {
    a.head = Head::kClassifier;
    ABSL_ASSIGN_OR_RETURN(a.labels, ParseLabels(config));
    ABSL_ASSIGN_OR_RETURN(a.task, ParseTask(config, a.labels.size()));
  }
  return a;
}

WeightNames BertNames(const std::string& prefix) {
  return {
      .prefix = prefix,
      .word_embeddings = "embeddings.word_embeddings",
      .position_embeddings = "embeddings.position_embeddings",
      .embedding_norm = "embeddings.LayerNorm",
      .token_type_embeddings = "embeddings.token_type_embeddings",
      .query = "encoder.layer.{}.attention.self.query",
      .key = "encoder.layer.{}.attention.self.key",
      .value = "encoder.layer.{}.attention.self.value",
      .attention_output = "encoder.layer.{}.attention.output.dense",
      .attention_norm = "encoder.layer.{}.attention.output.LayerNorm",
      .mlp_up = "encoder.layer.{}.intermediate.dense",
      .mlp_down = "encoder.layer.{}.output.dense",
      .mlp_norm = "encoder.layer.{}.output.LayerNorm",
      .classifier = "classifier",
  };
}

}  // namespace limpid::engine
