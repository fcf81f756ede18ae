#include <cstdint>
#include <string>

#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {

// Positions count from 2, whatever pad_token_id says, and their differences add a bias to the scores of attention.
absl::StatusOr<Architecture> DescribeMpnet(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {.type_vocab_size = nullptr};
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config, kFields));
  // Of a longer table Transformers reads the first 32 rows too.
  ABSL_ASSIGN_OR_RETURN(a.num_relative_buckets, config.Int("relative_attention_num_buckets", 32, kMaxExtent, 32));
  a.first_position = 2;
  if (a.max_tokens() < 1) return config.Error("max_position_embeddings", "must be above 2");
  a.names = BertNames("mpnet.");
  a.names.token_type_embeddings.clear();
  a.names.query = "encoder.layer.{}.attention.attn.q";
  a.names.key = "encoder.layer.{}.attention.attn.k";
  a.names.value = "encoder.layer.{}.attention.attn.v";
  a.names.attention_output = "encoder.layer.{}.attention.attn.o";
  a.names.attention_norm = "encoder.layer.{}.attention.LayerNorm";
  a.names.relative_bias = "encoder.relative_attention_bias";
  a.names.head_dense = "classifier.dense";
  a.names.classifier = "classifier.out_proj";
  SetTokenHead(&a);
  SetMaskedHead(Activation::kGelu, "lm_head.dense", "lm_head.layer_norm", "lm_head.bias", &a);
  return a;
}

}  // namespace limpid::engine
