#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {
namespace {

absl::Status RefuseUnlessOne(const ConfigJson& config, const char* field) {
  ABSL_ASSIGN_OR_RETURN(const int64_t value, config.Int(field, 1, kMaxExtent, 1));
  if (value == 1) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(field, " ", value, " is not supported; supported is 1"));
}

}  // namespace

absl::StatusOr<Architecture> DescribeAlbert(const std::string& name, const ConfigJson& config) {
  ABSL_RETURN_IF_ERROR(RefuseUnlessOne(config, "num_hidden_groups"));
  ABSL_RETURN_IF_ERROR(RefuseUnlessOne(config, "inner_group_num"));
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config, {.default_act = "gelu_new"}));
  ABSL_ASSIGN_OR_RETURN(a.embedding_size, config.Int("embedding_size", 1, kMaxExtent, 128));
  const std::string layer = "encoder.albert_layer_groups.0.albert_layers.0.";
  a.names = {
      .prefix = "albert.",
      .word_embeddings = "embeddings.word_embeddings",
      .position_embeddings = "embeddings.position_embeddings",
      .embedding_norm = "embeddings.LayerNorm",
      .token_type_embeddings = "embeddings.token_type_embeddings",
      .embedding_projection = "encoder.embedding_hidden_mapping_in",
      .query = layer + "attention.query",
      .key = layer + "attention.key",
      .value = layer + "attention.value",
      .attention_output = layer + "attention.dense",
      .attention_norm = layer + "attention.LayerNorm",
      .mlp_up = layer + "ffn",
      .mlp_down = layer + "ffn_output",
      .mlp_norm = layer + "full_layer_layer_norm",
      .pooler = "pooler",
      .classifier = "classifier",
  };
  SetTokenHead(&a);
  SetMaskedHead(a.activation, "predictions.dense", "predictions.LayerNorm", "predictions.bias", &a);
  return a;
}

}  // namespace limpid::engine
