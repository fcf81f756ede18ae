#include "engine/models/decoder_fields.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/rotary.h"

namespace limpid::engine {

absl::StatusOr<Architecture> ReadDecoder(const std::string& name, const ConfigJson& config, const FieldNames& fields) {
  Architecture a;
  a.name = name;
  ABSL_RETURN_IF_ERROR(ReadExtents(config, fields, &a));
  a.is_causal = true;
  a.has_norms_first = true;
  a.biases.classifier = false;
  if (absl::EndsWith(name, "ForCausalLM") || absl::EndsWith(name, "LMHeadModel")) {
    a.head = Head::kTargetToken;
    a.task = ModelCard::Task::kLanguageModel;
  } else if (absl::EndsWith(name, "ForSequenceClassification")) {
    a.head = Head::kLastToken;
    a.names.classifier = "score";
    ABSL_RETURN_IF_ERROR(ReadClasses(config, &a));
  }
  ABSL_RETURN_IF_ERROR(ReadTokenHead(config, &a));
  if (a.head == Head::kEachToken) {
    a.biases.classifier = true;
    a.names.classifier = a.task == ModelCard::Task::kQuestionAnswering ? "qa_outputs" : "classifier";
  }
  return a;
}

absl::StatusOr<Architecture> ReadLlama(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {
      .default_act = "silu", .type_vocab_size = nullptr, .norm_eps = "rms_norm_eps", .default_eps = 1e-6};
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadDecoder(name, config, kFields));
  a.norm = NormKind::kRmsNorm;
  ABSL_ASSIGN_OR_RETURN(a.num_key_value_heads,
                        config.Int("num_key_value_heads", 1, a.num_attention_heads, a.num_attention_heads));
  if (a.num_attention_heads % a.num_key_value_heads != 0) {
    return config.Error("num_key_value_heads", absl::StrCat("must divide num_attention_heads ", a.num_attention_heads));
  }
  ABSL_ASSIGN_OR_RETURN(a.head_size, config.Int("head_dim", 2, kMaxExtent, a.head_size));
  if (a.head_size % 2 != 0) return config.Error("head_dim", absl::StrCat("must be even, is ", a.head_size));
  ABSL_ASSIGN_OR_RETURN(a.rotary, ReadRotary(config, a));
  ABSL_ASSIGN_OR_RETURN(const bool attention_bias, config.Bool("attention_bias", false));
  a.biases.query_key_value = a.biases.attention_output = attention_bias;
  ABSL_ASSIGN_OR_RETURN(a.biases.mlp, config.Bool("mlp_bias", false));
  const bool labels_tokens = a.task == ModelCard::Task::kTokenClassification;
  const std::string classifier = labels_tokens ? "score" : a.names.classifier;
  a.names = {
      .prefix = "model.",
      .word_embeddings = "embed_tokens",
      .query = "layers.{}.self_attn.q_proj",
      .key = "layers.{}.self_attn.k_proj",
      .value = "layers.{}.self_attn.v_proj",
      .attention_output = "layers.{}.self_attn.o_proj",
      .attention_norm = "layers.{}.input_layernorm",
      .mlp_gate = "layers.{}.mlp.gate_proj",
      .mlp_up = "layers.{}.mlp.up_proj",
      .mlp_down = "layers.{}.mlp.down_proj",
      .mlp_norm = "layers.{}.post_attention_layernorm",
      .final_norm = "norm",
      .classifier = classifier,
  };
  ABSL_ASSIGN_OR_RETURN(const bool is_tied, config.Bool("tie_word_embeddings", false));
  if (a.head == Head::kTargetToken && !is_tied) a.names.classifier = "lm_head";
  // A prefix that Transformers kept for this head of all but Mistral.
  if (a.task == ModelCard::Task::kQuestionAnswering && name != "MistralForQuestionAnswering") {
    a.names.prefix = "transformer.";
  }
  return a;
}

absl::Status ReadWindows(const ConfigJson& config, Architecture* a) {
  ABSL_ASSIGN_OR_RETURN(const bool is_used, config.Bool("use_sliding_window", false));
  if (!is_used || !config.Has("sliding_window")) return absl::OkStatus();
  ABSL_ASSIGN_OR_RETURN(const int64_t window, config.Int("sliding_window", 1, kMaxExtent));
  ABSL_ASSIGN_OR_RETURN(const int64_t first, config.Int("max_window_layers", 0, kMaxExtent, 28));
  ABSL_ASSIGN_OR_RETURN(const std::vector<std::string> types, config.Strings("layer_types"));
  if (!types.empty() && static_cast<int64_t>(types.size()) != a->num_hidden_layers) {
    return config.Error("layer_types", absl::StrCat("must name num_hidden_layers ", a->num_hidden_layers));
  }
  for (int64_t l = 0; l < a->num_hidden_layers; ++l) {
    const bool slides = types.empty() ? l >= first : types[static_cast<size_t>(l)] == "sliding_attention";
    a->windows.push_back(slides ? window : 0);
  }
  return absl::OkStatus();
}

}  // namespace limpid::engine
