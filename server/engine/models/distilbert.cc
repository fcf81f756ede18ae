#include <string>

#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {

// `sinusoidal_pos_embds` says how the position table was made, which is stored like any other.
absl::StatusOr<Architecture> DescribeDistilBert(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {
      .hidden_size = "dim",
      .num_hidden_layers = "n_layers",
      .num_attention_heads = "n_heads",
      .intermediate_size = "hidden_dim",
      .hidden_act = "activation",
      .type_vocab_size = nullptr,
      .norm_eps = nullptr,
  };
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config, kFields));
  a.head_activation = Activation::kRelu;
  a.names = {
      .prefix = "distilbert.",
      .word_embeddings = "embeddings.word_embeddings",
      .position_embeddings = "embeddings.position_embeddings",
      .embedding_norm = "embeddings.LayerNorm",
      .query = "transformer.layer.{}.attention.q_lin",
      .key = "transformer.layer.{}.attention.k_lin",
      .value = "transformer.layer.{}.attention.v_lin",
      .attention_output = "transformer.layer.{}.attention.out_lin",
      .attention_norm = "transformer.layer.{}.sa_layer_norm",
      .mlp_up = "transformer.layer.{}.ffn.lin1",
      .mlp_down = "transformer.layer.{}.ffn.lin2",
      .mlp_norm = "transformer.layer.{}.output_layer_norm",
      .head_dense = "pre_classifier",
      .classifier = "classifier",
  };
  SetTokenHead(&a);
  SetMaskedHead(a.activation, "vocab_transform", "vocab_layer_norm", "vocab_projector.bias", &a);
  return a;
}

}  // namespace limpid::engine
