#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/decoder_fields.h"

namespace limpid::engine {

// `attention_layers` is what `attention_types` says, layer by layer; Transformers writes both.
absl::StatusOr<Architecture> DescribeGptNeo(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {
      .num_hidden_layers = "num_layers",
      .num_attention_heads = "num_heads",
      .hidden_act = "activation_function",
      .default_act = "gelu_new",
      .type_vocab_size = nullptr,
      .norm_eps = "layer_norm_epsilon",
      .default_eps = 1e-5,
      .has_default_intermediate = true,
  };
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadDecoder(name, config, kFields));
  ABSL_RETURN_IF_ERROR(RefuseUnless(config, "tie_word_embeddings", true));
  ABSL_ASSIGN_OR_RETURN(const int64_t window, config.Int("window_size", 1, kMaxExtent, 256));
  ABSL_ASSIGN_OR_RETURN(const std::vector<std::string> layers, config.Strings("attention_layers"));
  if (static_cast<int64_t>(layers.size()) != a.num_hidden_layers) {
    return config.Error("attention_layers", absl::StrCat("must name num_layers ", a.num_hidden_layers));
  }
  for (const std::string& layer : layers) {
    if (layer != "global" && layer != "local") {
      return config.Error("attention_layers", absl::StrCat("'", layer, "' is neither global nor local"));
    }
    a.windows.push_back(layer == "local" ? window : 0);
  }
  a.attention_scale = 1;
  a.biases.query_key_value = false;
  a.names.prefix = "transformer.";
  a.names.word_embeddings = "wte";
  a.names.position_embeddings = "wpe";
  a.names.query = "h.{}.attn.attention.q_proj";
  a.names.key = "h.{}.attn.attention.k_proj";
  a.names.value = "h.{}.attn.attention.v_proj";
  a.names.attention_output = "h.{}.attn.attention.out_proj";
  a.names.attention_norm = "h.{}.ln_1";
  a.names.mlp_up = "h.{}.mlp.c_fc";
  a.names.mlp_down = "h.{}.mlp.c_proj";
  a.names.mlp_norm = "h.{}.ln_2";
  a.names.final_norm = "ln_f";
  return a;
}

}  // namespace limpid::engine
