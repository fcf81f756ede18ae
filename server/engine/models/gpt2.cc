#include <string>

#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/decoder_fields.h"

namespace limpid::engine {

absl::StatusOr<Architecture> DescribeGpt2(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {
      .max_position_embeddings = "n_positions",
      .hidden_size = "n_embd",
      .num_hidden_layers = "n_layer",
      .num_attention_heads = "n_head",
      .intermediate_size = "n_inner",
      .hidden_act = "activation_function",
      .default_act = "gelu_new",
      .type_vocab_size = nullptr,
      .norm_eps = "layer_norm_epsilon",
      .default_eps = 1e-5,
      .has_default_intermediate = true,
  };
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadDecoder(name, config, kFields));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "scale_attn_by_inverse_layer_idx", false));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "add_cross_attention", false));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "tie_word_embeddings", true));
  ABSL_ASSIGN_OR_RETURN(const bool is_scaled, config.Bool("scale_attn_weights", true));
  if (!is_scaled) a.attention_scale = 1;
  a.has_transposed_weights = true;
  a.names.prefix = "transformer.";
  a.names.word_embeddings = "wte";
  a.names.position_embeddings = "wpe";
  a.names.query_key_value = "h.{}.attn.c_attn";
  a.names.attention_output = "h.{}.attn.c_proj";
  a.names.attention_norm = "h.{}.ln_1";
  a.names.mlp_up = "h.{}.mlp.c_fc";
  a.names.mlp_down = "h.{}.mlp.c_proj";
  a.names.mlp_norm = "h.{}.ln_2";
  a.names.final_norm = "ln_f";
  return a;
}

}  // namespace limpid::engine
