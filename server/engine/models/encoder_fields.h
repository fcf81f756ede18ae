#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/weights/config_json.h"

// What the configurations of all encoders have in common.
namespace limpid::engine {

inline constexpr int64_t kMaxExtent = int64_t{1} << 24;

// What config.json calls the numbers: BERT's words. Null: it has none, see ReadEncoder.
struct FieldNames {
  const char* hidden_size = "hidden_size";
  const char* num_hidden_layers = "num_hidden_layers";
  const char* num_attention_heads = "num_attention_heads";
  const char* intermediate_size = "intermediate_size";
  const char* hidden_act = "hidden_act";
  const char* default_act = "gelu";
  const char* type_vocab_size = "type_vocab_size";  // null: no token types
  const char* layer_norm_eps = "layer_norm_eps";    // null: 1e-12
};

// The numbers, the activation and, for a ...ForSequenceClassification, labels and task; no names of weights yet.
// Defaults are Transformers'. UNIMPLEMENTED, naming the field, for what no encoder here has.
absl::StatusOr<Architecture> ReadEncoder(const std::string& name, const ConfigJson& config,
                                         const FieldNames& fields = {});

// Names as BERT's modules have them, which RoBERTa's and ELECTRA's repeat under another prefix. Of the head only the
// classifier.
WeightNames BertNames(const std::string& prefix);

}  // namespace limpid::engine
