#include "engine/models/encoder_fields.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

absl::Status RefuseUnsupported(const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(const std::string positions, config.String("position_embedding_type", "absolute"));
  if (positions != "absolute") {
    return absl::UnimplementedError(absl::StrCat("position_embedding_type '", positions, "' is not supported"));
  }
  return RefuseUnless(config, "is_decoder", false);
}

}  // namespace

absl::StatusOr<Architecture> ReadEncoder(const std::string& name, const ConfigJson& config, const FieldNames& fields) {
  ABSL_RETURN_IF_ERROR(RefuseUnsupported(config));
  Architecture a;
  a.name = name;
  ABSL_RETURN_IF_ERROR(ReadExtents(config, fields, &a));
  if (absl::EndsWith(name, "ForSequenceClassification")) {
    a.head = Head::kFirstToken;
    ABSL_RETURN_IF_ERROR(ReadClasses(config, &a));
  } else if (absl::EndsWith(name, "ForMaskedLM")) {
    ABSL_RETURN_IF_ERROR(RefuseUnless(config, "tie_word_embeddings", true));
    a.head = Head::kTargetToken;
    a.task = ModelCard::Task::kLanguageModel;
  }
  ABSL_RETURN_IF_ERROR(ReadTokenHead(config, &a));
  return a;
}

void SetMaskedHead(Activation activation, const std::string& dense, const std::string& norm, const std::string& bias,
                   Architecture* a) {
  if (a->head != Head::kTargetToken) return;
  a->head_activation = activation;
  a->names.pooler.clear();
  a->names.head_dense = dense;
  a->names.head_norm = norm;
  a->names.classifier.clear();
  a->names.classifier_bias = bias;
}

void SetTokenHead(Architecture* a) {
  if (a->head != Head::kEachToken) return;
  a->names.pooler.clear();
  a->names.head_dense.clear();
  a->names.classifier = a->task == ModelCard::Task::kQuestionAnswering ? "qa_outputs" : "classifier";
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
