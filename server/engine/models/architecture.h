#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/weights/config_json.h"

// An architecture is data: numbers, choices among shared blocks, and where each weight is found in the folder.
namespace limpid::engine {

enum class Activation { kGelu, kGeluTanh, kRelu, kTanh, kSilu };

// LayerNorm (Ba et al. 2016): y = (s - mean) / sqrt(var + eps) * weight + bias over the last dimension. RMSNorm (Zhang
// & Sennrich 2019): y = s / sqrt(mean(s^2) + eps) * weight.
enum class NormKind { kLayerNorm, kRmsNorm };

// What the classifier reads.
enum class Head {
  kNone,         // no classifier: the last hidden state; pooled for an embedding
  kFirstToken,   // that token's last hidden state, as in all but the next; by way of f(dense)
  kMeanToken,    // the mean over all tokens, by way of f(dense)
  kLastToken,    // directly
  kTargetToken,  // the target's; scores of the whole vocabulary
  kEachToken,    // all: labels of each, or how well an answer begins and ends there
};

enum class Pooling { kMean, kFirstToken };

// Names of the weights in the folder; "{}" stands for the layer's number, and without it all layers are one. A weight's
// ".weight" and ".bias" are added.
struct WeightNames {
  std::string prefix;  // e.g. "bert.", before all names except the head's
  std::string word_embeddings;
  std::string position_embeddings = {}, embedding_norm = {};  // empty: there are none
  std::string token_type_embeddings = {};                     // empty: there are none
  std::string embedding_projection = {};  // from embedding_size to hidden_size; empty: there is none
  std::string query = {}, key = {}, value = {};
  std::string query_key_value = {};                    // where the three are one
  std::string relative_bias = {};                      // [buckets, heads], of all layers; empty: there is none
  std::string relative_embeddings = {};                // [2 * span, hidden], where attention is disentangled
  std::string relative_norm = {};                      // of their rows; empty: there is none
  std::string position_key = {}, position_query = {};  // their projections; empty: those of keys and queries
  std::string query_norm = {}, key_norm = {};          // of each head; empty: there are none
  std::string attention_output, attention_norm;
  std::string mlp_gate = {};     // of a gated feed-forward; empty: it has no gate, or
  std::string mlp_gate_up = {};  // where gate and mlp_up are one, the gate's rows first
  std::string mlp_up = {}, mlp_down, mlp_norm;
  std::string final_norm = {};       // behind the last layer; empty: there is none
  std::string pooler = {};           // the head's first layer, where it is part of the encoder: under the prefix
  std::string head_dense = {};       // where it is not: without the prefix
  std::string head_norm = {};        // behind its activation, without the prefix; empty: there is none
  std::string classifier = {};       // without the prefix; empty: it is the table of word embeddings
  std::string classifier_bias = {};  // in full, where the classifier is that table; empty: it has none
};

// Rotary position embedding: of a head's leading numbers, twice as many as there are frequencies.
struct Rotary {
  std::vector<float> inverse_frequencies;  // radians a position
  double factor = 1;                       // of what was turned
};

// Disentangled attention (ops/disentangled.h): whose products with vectors of the distance there are.
struct Disentangled {
  int64_t span = 0;       // half of the rows of names.relative_embeddings
  int64_t log_until = 0;  // distances beyond a quarter of the rows share them by the logarithm up to this; 0: none do
  bool content_to_position = false, position_to_content = false;
};

// Which linear layers have a bias.
struct Biases {
  bool query_key_value = true, attention_output = true, mlp = true, norm = true, head_dense = true, classifier = true;
};

// Field names are config.json's where it has one.
struct Architecture {
  std::string name;
  int64_t vocab_size = 0, max_position_embeddings = 0;
  int64_t type_vocab_size = 0;  // 0: there are no token types
  int64_t first_position = 0;   // row of the position table that the first token has
  int64_t embedding_size = 0;   // width of the tables and of all attach points
  int64_t hidden_size = 0, num_hidden_layers = 0, num_attention_heads = 0, intermediate_size = 0;
  int64_t num_key_value_heads = 0, head_size = 0;
  // Of the layers. The defaults are a post-norm encoder's.
  bool has_norms_first = false;   // attention and feed-forward read a norm of what they are added to,
  bool skips_first_norm = false;  // but the first layer's attention reads what the embeddings' norm gave
  NormKind norm = NormKind::kLayerNorm;
  double norm_eps = 0;
  Activation activation = Activation::kGelu;
  bool is_causal = false;
  std::vector<int64_t> windows;  // [layers], of AttentionMask; empty: no layer has one
  double attention_scale = 0;    // 0: 1 / sqrt(head_size)
  std::optional<Rotary> rotary;
  std::optional<Rotary> window_rotary;  // of the layers that have a window, where theirs is another
  int64_t num_relative_buckets = 0;     // of names.relative_bias
  std::optional<Disentangled> disentangled;
  Biases biases;
  bool has_transposed_weights = false;  // of the layers' linear layers: stored [in, out]
  Head head = Head::kNone;
  Activation head_activation = Activation::kTanh;
  Pooling pooling = Pooling::kMean;
  bool normalize_embedding = false;
  ModelCard::Task task = ModelCard::Task::kEmbedding;
  std::vector<std::string> labels;
  std::vector<int32_t> end_tokens;  // that end a generated text
  WeightNames names;

  bool has_gate() const { return !names.mlp_gate.empty() || !names.mlp_gate_up.empty(); }
  bool has_window(size_t layer) const { return !windows.empty() && windows[layer] > 0; }
  bool reads_one_token() const { return head != Head::kNone && head != Head::kMeanToken && head != Head::kEachToken; }
  // The label of tokens that are nothing, as entity recognition spells it; -1: there is none.
  int32_t outside_label() const {
    const auto found = std::ranges::find(labels, "O");
    return found == labels.end() ? -1 : static_cast<int32_t>(found - labels.begin());
  }
  // Of what the classifier reads.
  int64_t classifier_size() const { return names.classifier.empty() ? embedding_size : hidden_size; }
  int64_t attention_size() const { return num_attention_heads * head_size; }
  int64_t query_key_value_size() const { return (num_attention_heads + 2 * num_key_value_heads) * head_size; }
  int64_t num_classes() const {
    if (task == ModelCard::Task::kQuestionAnswering) return 2;
    return head == Head::kTargetToken ? vocab_size : static_cast<int64_t>(labels.size());
  }
  int64_t max_tokens() const { return max_position_embeddings - first_position; }
};

// Each describes a bare model, ...Model, its ...ForSequenceClassification, its ...ForTokenClassification, its
// ...ForQuestionAnswering and its ...ForMaskedLM.

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

// MPNet (Song et al. 2020).
absl::StatusOr<Architecture> DescribeMpnet(const std::string& name, const ConfigJson& config);
// ModernBERT (Warner et al. 2024).
absl::StatusOr<Architecture> DescribeModernBert(const std::string& name, const ConfigJson& config);
// DeBERTa-v2 and v3 (He et al. 2021), without a convolution.
absl::StatusOr<Architecture> DescribeDeberta(const std::string& name, const ConfigJson& config);

// These a bare model, its ...ForSequenceClassification, ...ForTokenClassification and ...ForQuestionAnswering, where
// Transformers has them, and its causal language model.

// GPT-2 (Radford et al. 2019).
absl::StatusOr<Architecture> DescribeGpt2(const std::string& name, const ConfigJson& config);
// GPT-Neo (Black et al. 2021).
absl::StatusOr<Architecture> DescribeGptNeo(const std::string& name, const ConfigJson& config);
// OPT (Zhang et al. 2022), norms first.
absl::StatusOr<Architecture> DescribeOpt(const std::string& name, const ConfigJson& config);
// Llama (Touvron et al. 2023) and what has its shape: Mistral, Qwen2, Qwen3.
absl::StatusOr<Architecture> DescribeLlama(const std::string& name, const ConfigJson& config);
absl::StatusOr<Architecture> DescribeMistral(const std::string& name, const ConfigJson& config);
absl::StatusOr<Architecture> DescribeQwen2(const std::string& name, const ConfigJson& config);
absl::StatusOr<Architecture> DescribeQwen3(const std::string& name, const ConfigJson& config);

}  // namespace limpid::engine
