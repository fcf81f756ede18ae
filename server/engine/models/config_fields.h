#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/weights/config_json.h"

// What the configurations of all models have in common. Defaults are Transformers'.
namespace limpid::engine {

inline constexpr int64_t kMaxExtent = int64_t{1} << 24;

// What config.json calls the numbers: BERT's words.
struct FieldNames {
  const char* max_position_embeddings = "max_position_embeddings";
  const char* hidden_size = "hidden_size";
  const char* num_hidden_layers = "num_hidden_layers";
  const char* num_attention_heads = "num_attention_heads";
  const char* intermediate_size = "intermediate_size";
  const char* hidden_act = "hidden_act";
  const char* default_act = "gelu";
  const char* type_vocab_size = "type_vocab_size";  // null: no token types
  const char* norm_eps = "layer_norm_eps";          // null: default_eps
  double default_eps = 1e-12;
  bool has_default_intermediate = false;  // four times hidden_size
};

// Extents, activation and the norms' eps; as many heads of keys and values as of queries.
absl::Status ReadExtents(const ConfigJson& config, const FieldNames& fields, Architecture* a);

// The name of a function f; the default if the field is absent. UNIMPLEMENTED for one that no model here has.
absl::StatusOr<Activation> ReadActivation(const ConfigJson& config, const char* field, const char* default_act);

// Labels and task of a ...ForSequenceClassification.
absl::Status ReadClasses(const ConfigJson& config, Architecture* a);

// Head, labels and task of a ...ForTokenClassification or ...ForQuestionAnswering; does nothing for another name.
absl::Status ReadTokenHead(const ConfigJson& config, Architecture* a);

// UNIMPLEMENTED, naming the field, unless it has the only value that is supported: its default.
absl::Status RefuseUnless(const ConfigJson& config, const char* field, bool supported);

}  // namespace limpid::engine
