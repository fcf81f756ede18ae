#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"
#include "engine/models/rotary.h"

namespace limpid::engine {
namespace {

// Most layers see `local_attention` tokens around each one, and turn more slowly where they see all.
absl::Status ReadLayerTypes(const ConfigJson& config, Architecture* a) {
  ABSL_ASSIGN_OR_RETURN(const int64_t window, config.Int("local_attention", 2, kMaxExtent, 128));
  ABSL_ASSIGN_OR_RETURN(const int64_t every, config.Int("global_attn_every_n_layers", 1, kMaxExtent, 3));
  ABSL_ASSIGN_OR_RETURN(const std::vector<std::string> types, config.Strings("layer_types"));
  if (!types.empty() && static_cast<int64_t>(types.size()) != a->num_hidden_layers) {
    return config.Error("layer_types", absl::StrCat("must name num_hidden_layers ", a->num_hidden_layers));
  }
  for (int64_t l = 0; l < a->num_hidden_layers; ++l) {
    const bool slides = types.empty() ? l % every != 0 : types[static_cast<size_t>(l)] == "sliding_attention";
    a->windows.push_back(slides ? window / 2 : 0);
  }
  ABSL_ASSIGN_OR_RETURN(const auto parameters, config.Object("rope_parameters"));
  const auto rotary_of = [&](const char* type, const char* old_field, double base) -> absl::StatusOr<Rotary> {
    ABSL_ASSIGN_OR_RETURN(base, config.Number(old_field, base));
    std::optional<ConfigJson> of_type;
    if (parameters.has_value()) {
      ABSL_ASSIGN_OR_RETURN(of_type, parameters->Object(type));
    }
    return ReadRotary(config, of_type, base, *a);
  };
  ABSL_ASSIGN_OR_RETURN(a->rotary, rotary_of("full_attention", "global_rope_theta", 160000));
  ABSL_ASSIGN_OR_RETURN(a->window_rotary, rotary_of("sliding_attention", "local_rope_theta", 10000));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> DescribeModernBert(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {
      .hidden_act = "hidden_activation", .type_vocab_size = nullptr, .norm_eps = "norm_eps", .default_eps = 1e-5};
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config, kFields));
  ABSL_RETURN_IF_ERROR(ReadLayerTypes(config, &a));
  a.has_norms_first = a.skips_first_norm = true;
  ABSL_ASSIGN_OR_RETURN(a.biases.norm, config.Bool("norm_bias", false));
  ABSL_ASSIGN_OR_RETURN(const bool attention_bias, config.Bool("attention_bias", false));
  a.biases.query_key_value = a.biases.attention_output = attention_bias;
  ABSL_ASSIGN_OR_RETURN(a.biases.mlp, config.Bool("mlp_bias", false));
  ABSL_ASSIGN_OR_RETURN(a.biases.head_dense, config.Bool("classifier_bias", false));
  ABSL_ASSIGN_OR_RETURN(const bool decoder_bias, config.Bool("decoder_bias", true));
  ABSL_ASSIGN_OR_RETURN(a.head_activation, ReadActivation(config, "classifier_activation", "gelu"));
  if (a.head == Head::kFirstToken) {
    ABSL_ASSIGN_OR_RETURN(const std::string pooling, config.String("classifier_pooling", "cls"));
    if (pooling != "cls" && pooling != "mean") return config.Error("classifier_pooling", "must be cls or mean");
    if (pooling == "mean") a.head = Head::kMeanToken;
  }
  a.names = {
      .prefix = "model.",
      .word_embeddings = "embeddings.tok_embeddings",
      .embedding_norm = "embeddings.norm",
      .query_key_value = "layers.{}.attn.Wqkv",
      .attention_output = "layers.{}.attn.Wo",
      .attention_norm = "layers.{}.attn_norm",
      .mlp_gate_up = "layers.{}.mlp.Wi",
      .mlp_down = "layers.{}.mlp.Wo",
      .mlp_norm = "layers.{}.mlp_norm",
      .final_norm = "final_norm",
      .head_dense = "head.dense",
      .head_norm = "head.norm",
      .classifier = "classifier",
  };
  SetMaskedHead(a.head_activation, "head.dense", "head.norm", decoder_bias ? "decoder.bias" : "", &a);
  return a;
}

}  // namespace limpid::engine
