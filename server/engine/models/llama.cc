#include <cstdint>
#include <string>

#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/decoder_fields.h"
#include "engine/models/rotary.h"

namespace limpid::engine {

absl::StatusOr<Architecture> DescribeLlama(const std::string& name, const ConfigJson& config) {
  return ReadLlama(name, config);
}

absl::StatusOr<Architecture> DescribeMistral(const std::string& name, const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadLlama(name, config));
  a.biases.query_key_value = a.biases.attention_output = a.biases.mlp = false;
  if (!config.Has("sliding_window")) return a;
  ABSL_ASSIGN_OR_RETURN(const int64_t window, config.Int("sliding_window", 1, kMaxExtent));
  a.windows.assign(static_cast<size_t>(a.num_hidden_layers), window);
  return a;
}

absl::StatusOr<Architecture> DescribeQwen2(const std::string& name, const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadLlama(name, config));
  a.biases.query_key_value = true;
  a.biases.attention_output = a.biases.mlp = false;
  ABSL_RETURN_IF_ERROR(ReadWindows(config, &a));
  return a;
}

absl::StatusOr<Architecture> DescribeQwen3(const std::string& name, const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadLlama(name, config));
  ABSL_ASSIGN_OR_RETURN(a.head_size, config.Int("head_dim", 2, kMaxExtent, 128));
  ABSL_ASSIGN_OR_RETURN(a.rotary, ReadRotary(config, a));
  a.biases.mlp = false;
  a.names.query_norm = "layers.{}.self_attn.q_norm";
  a.names.key_norm = "layers.{}.self_attn.k_norm";
  ABSL_RETURN_IF_ERROR(ReadWindows(config, &a));
  return a;
}

}  // namespace limpid::engine
