#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/decoder_fields.h"

namespace limpid::engine {

// The position table has two rows more than there are positions, before the first.
absl::StatusOr<Architecture> DescribeOpt(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {
      .intermediate_size = "ffn_dim",
      .hidden_act = "activation_function",
      .default_act = "relu",
      .type_vocab_size = nullptr,
      .norm_eps = nullptr,
      .default_eps = 1e-5,
  };
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadDecoder(name, config, kFields));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "do_layer_norm_before", true));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "_remove_final_layer_norm", false));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "layer_norm_elementwise_affine", true));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "tie_word_embeddings", true));
  ABSL_ASSIGN_OR_RETURN(const int64_t width, config.Int("word_embed_proj_dim", 1, kMaxExtent, a.hidden_size));
  if (width != a.hidden_size) {
    return absl::UnimplementedError(
        absl::StrCat("word_embed_proj_dim ", width, " is not supported where hidden_size is ", a.hidden_size));
  }
  a.first_position = 2;
  a.max_position_embeddings += a.first_position;
  ABSL_ASSIGN_OR_RETURN(const bool has_bias, config.Bool("enable_bias", true));
  a.biases.query_key_value = a.biases.attention_output = a.biases.mlp = has_bias;
  a.names.prefix = "model.";
  a.names.word_embeddings = "decoder.embed_tokens";
  a.names.position_embeddings = "decoder.embed_positions";
  a.names.query = "decoder.layers.{}.self_attn.q_proj";
  a.names.key = "decoder.layers.{}.self_attn.k_proj";
  a.names.value = "decoder.layers.{}.self_attn.v_proj";
  a.names.attention_output = "decoder.layers.{}.self_attn.out_proj";
  a.names.attention_norm = "decoder.layers.{}.self_attn_layer_norm";
  a.names.mlp_up = "decoder.layers.{}.fc1";
  a.names.mlp_down = "decoder.layers.{}.fc2";
  a.names.mlp_norm = "decoder.layers.{}.final_layer_norm";
  a.names.final_norm = "decoder.final_layer_norm";
  return a;
}

}  // namespace limpid::engine
