#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/row.h"

// Model folders of a few hundred weights, written by the test that loads them.
namespace limpid::engine {

struct TinyConfig {
  std::string architecture = "BertForSequenceClassification";
  int64_t vocab_size = 11, type_vocab_size = 2, max_position_embeddings = 40;
  int64_t hidden_size = 12, num_hidden_layers = 3, num_attention_heads = 3, intermediate_size = 20;
  std::string hidden_act = "gelu";
  double layer_norm_eps = 1e-5;
  int64_t num_labels = 3;
  std::string problem_type = "single_label_classification";
  int64_t pad_token_id = 3;
  int64_t embedding_size = 7;  // where it may differ from hidden_size
};

// Each whose folders can be written.
inline constexpr const char* kTinyArchitectures[] = {
    "BertModel",       "BertForSequenceClassification",       "RobertaModel",   "RobertaForSequenceClassification",
    "XLMRobertaModel", "XLMRobertaForSequenceClassification", "CamembertModel", "CamembertForSequenceClassification",
    "DistilBertModel", "DistilBertForSequenceClassification", "ElectraModel",   "ElectraForSequenceClassification",
    "AlbertModel",     "AlbertForSequenceClassification",
};

// What labels tokens can be written too: "BertForTokenClassification", and so on.

struct TinyTensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};
using TinyWeights = std::map<std::string, TinyTensor>;

// Every weight the architecture has, random. All are whole multiples of 1/64 below 2 in size, which fp16 and bf16 hold
// exactly too.
TinyWeights RandomWeights(const TinyConfig& config, uint32_t seed);

nlohmann::json ConfigJsonOf(const TinyConfig& config);

// A safetensors file. dtype "F32", "F16" or "BF16"; `padding` bytes lie before the first tensor's data, so that an odd
// number leaves none aligned.
std::string SafetensorsBytes(const TinyWeights& weights, const std::string& dtype = "F32", int padding = 0);

// The length-prefixed form of a header, followed by `data`.
std::string WithHeader(const std::string& header, const std::string& data);

// Writes files into a folder of the test's own and gives its path.
std::string WriteFolder(const std::string& name, const std::map<std::string, std::string>& files);
std::string WriteTinyModel(const std::string& name, const TinyConfig& config, uint32_t seed = 1);

// The predicted class (of the surest token, where each has one), or of an encoder the mean output.
Target AnyTarget(const TinyConfig& config);

// A row of random ids that wants everything.
Row RandomRow(const TinyConfig& config, int64_t length, uint32_t seed, const Target& target);

// Checks the rows and runs them as one batch; the test fails if either does.
std::vector<RowResult> RunRows(Engine* engine, const std::vector<Row>& rows, PassObserver* observer = nullptr);

}  // namespace limpid::engine
