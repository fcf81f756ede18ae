#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/weights/config_json.h"

// An architecture is data: numbers, choices among shared blocks, and where each weight is found in the folder.
namespace limpid::engine {

enum class Activation { kGelu, kGeluTanh, kRelu, kTanh };

enum class Head {
  kNone,        // last hidden state; pooled for an embedding
  kClassifier,  // f(dense(first token)), then a linear classifier
};

enum class Pooling { kMean, kFirstToken };

// Names of the weights in the folder; "{}" stands for the layer's number, and without it all layers are one. A weight's
// ".weight" and ".bias" are added.
struct WeightNames {
  std::string prefix;  // e.g. "bert.", before all names except the head's
  std::string word_embeddings, position_embeddings, embedding_norm;
  std::string token_type_embeddings = {};  // empty: there are none
  std::string embedding_projection = {};   // from embedding_size to hidden_size; empty: there is none
  std::string query, key, value, attention_output, attention_norm;
  std::string mlp_up, mlp_down, mlp_norm;
  std::string pooler = {};      // the head's first layer, where it is part of the encoder: under the prefix
  std::string head_dense = {};  // where it is not: without the prefix
  std::string classifier;       // without the prefix
};

// Field names are config.json's where it has one.
struct Architecture {
  std::string name;
  int64_t vocab_size = 0, max_position_embeddings = 0;
  int64_t type_vocab_size = 0;  // 0: there are no token types
  int64_t first_position = 0;   // row of the position table that the first token has
  int64_t embedding_size = 0;   // width of the tables and of all attach points
  int64_t hidden_size = 0, num_hidden_layers = 0, num_attention_heads = 0, intermediate_size = 0;
  double layer_norm_eps = 0;
  Activation activation = Activation::kGelu;
  Head head = Head::kNone;
  Activation head_activation = Activation::kTanh;
  Pooling pooling = Pooling::kMean;
  bool normalize_embedding = false;
  ModelCard::Task task = ModelCard::Task::kEmbedding;
  std::vector<std::string> labels;
  WeightNames names;

  int64_t head_size() const { return hidden_size / num_attention_heads; }
  int64_t max_tokens() const { return max_position_embeddings - first_position; }
};

// Each describes a bare encoder, ...Model, and its ...ForSequenceClassification.

// Devlin et al. 2018.
absl::StatusOr<Architecture> DescribeBert(const std::string& name, const ConfigJson& config);
// RoBERTa (Liu et al. 2019), XLM-RoBERTa (Conneau et al. 2020), CamemBERT (Martin et al. 2020).
absl::StatusOr<Architecture> DescribeRoberta(const std::string& name, const ConfigJson& config);
// DistilBERT (Sanh et al. 2019).
absl::StatusOr<Architecture> DescribeDistilBert(const std::string& name, const ConfigJson& config);
// ELECTRA (Clark et al. 2020), the discriminator's encoder.
absl::StatusOr<Architecture> DescribeElectra(const std::string& name, const ConfigJson& config);
// ALBERT (Lan et al. 2020), of one group of one layer.
absl::StatusOr<Architecture> DescribeAlbert(const std::string& name, const ConfigJson& config);

}  // namespace limpid::engine
