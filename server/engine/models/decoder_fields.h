#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/models/config_fields.h"
#include "engine/weights/config_json.h"

// What the configurations of all decoders have in common.
namespace limpid::engine {

// A causal model of norms that come first. With its head, by the name: ...ForCausalLM (and GPT2LMHeadModel) a language
// model, ...ForSequenceClassification a classifier `score` of the last token; no names of weights else.
absl::StatusOr<Architecture> ReadDecoder(const std::string& name, const ConfigJson& config, const FieldNames& fields);

// Llama's numbers, rotary embedding and names; biases as `attention_bias` and `mlp_bias` say.
absl::StatusOr<Architecture> ReadLlama(const std::string& name, const ConfigJson& config);

// As Qwen's models have it: the layers from max_window_layers on, or those that layer_types says.
absl::Status ReadWindows(const ConfigJson& config, Architecture* a);

}  // namespace limpid::engine
