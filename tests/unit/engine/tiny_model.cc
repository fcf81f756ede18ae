#include "unit/engine/tiny_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "support/scratch.h"
#include "support/status_matchers.h"

namespace limpid::engine {
namespace {

int64_t Count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

// Where a family keeps its weights: under the prefix, in each layer under `layer`; "#" is the layer's number
// (without it each layer is written over the one before).
struct Names {
  std::string family, prefix, layer;
  std::string query, key, value, output, attention_norm, up, down, norm;
  std::string head_dense, classifier;  // whole
  std::string projection = "";         // of the embeddings; empty: their width is the layers'
};

Names BertNames(const std::string& family, const std::string& prefix) {
  return {.family = family,
          .prefix = prefix,
          .layer = "encoder.layer.#.",
          .query = "attention.self.query",
          .key = "attention.self.key",
          .value = "attention.self.value",
          .output = "attention.output.dense",
          .attention_norm = "attention.output.LayerNorm",
          .up = "intermediate.dense",
          .down = "output.dense",
          .norm = "output.LayerNorm",
          .head_dense = "classifier.dense",
          .classifier = "classifier.out_proj"};
}

Names DistilBertNames() {
  return {.family = "DistilBert",
          .prefix = "distilbert.",
          .layer = "transformer.layer.#.",
          .query = "attention.q_lin",
          .key = "attention.k_lin",
          .value = "attention.v_lin",
          .output = "attention.out_lin",
          .attention_norm = "sa_layer_norm",
          .up = "ffn.lin1",
          .down = "ffn.lin2",
          .norm = "output_layer_norm",
          .head_dense = "pre_classifier",
          .classifier = "classifier"};
}

Names ElectraNames() {
  Names names = BertNames("Electra", "electra.");
  names.projection = "embeddings_project";
  return names;
}

Names AlbertNames() {
  return {.family = "Albert",
          .prefix = "albert.",
          .layer = "encoder.albert_layer_groups.0.albert_layers.0.",
          .query = "attention.query",
          .key = "attention.key",
          .value = "attention.value",
          .output = "attention.dense",
          .attention_norm = "attention.LayerNorm",
          .up = "ffn",
          .down = "ffn_output",
          .norm = "full_layer_layer_norm",
          .head_dense = "albert.pooler",
          .classifier = "classifier",
          .projection = "encoder.embedding_hidden_mapping_in"};
}

bool HasTokenTypes(const TinyConfig& c) { return !c.architecture.starts_with("DistilBert"); }

Names NamesOf(const std::string& architecture) {
  Names bert = BertNames("Bert", "bert.");
  bert.head_dense = "bert.pooler.dense";
  bert.classifier = "classifier";
  const Names families[] = {bert,
                            BertNames("Roberta", "roberta."),
                            BertNames("XLMRoberta", "roberta."),
                            BertNames("Camembert", "roberta."),
                            DistilBertNames(),
                            ElectraNames(),
                            AlbertNames()};
  for (const Names& names : families) {
    if (architecture.starts_with(names.family)) return names;
  }
  ADD_FAILURE() << "no such family: " << architecture;
  return bert;
}

bool IsClassifier(const TinyConfig& c) { return c.architecture.ends_with("ForSequenceClassification"); }
bool LabelsTokens(const TinyConfig& c) { return c.architecture.ends_with("ForTokenClassification"); }

// Exact for the multiples of 1/64 that RandomWeights makes.
uint16_t ToHalf(float value, bool bfloat) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (bfloat || value == 0) return static_cast<uint16_t>(bits >> 16);
  const uint32_t exponent = ((bits >> 23) & 0xff) - 127 + 15;
  return static_cast<uint16_t>((bits >> 16 & 0x8000) | exponent << 10 | (bits >> 13 & 0x3ff));
}

void Append(float value, const std::string& dtype, std::string* data) {
  const uint16_t half = ToHalf(value, dtype == "BF16");
  if (dtype == "F32") {
    data->append(reinterpret_cast<const char*>(&value), sizeof(value));
  } else {
    data->append(reinterpret_cast<const char*>(&half), sizeof(half));
  }
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  void Add(const std::string& name, std::vector<int64_t> shape, float centre = 0) {
    std::uniform_int_distribution<int> step(-31, 31);
    TinyTensor tensor{std::move(shape), {}};
    for (int64_t i = Count(tensor.shape); i > 0; --i) {
      tensor.values.push_back(centre + static_cast<float>(step(random_)) / 64);
    }
    weights[name] = std::move(tensor);
  }
  void Linear(const std::string& name, int64_t out, int64_t in) {
    Add(name + ".weight", {out, in});
    Add(name + ".bias", {out});
  }
  void Norm(const std::string& name, int64_t width) {
    Add(name + ".weight", {width}, 1);
    Add(name + ".bias", {width});
  }

  TinyWeights weights;

 private:
  std::mt19937 random_;
};

}  // namespace

TinyWeights RandomWeights(const TinyConfig& c, uint32_t seed) {
  Generator g(seed);
  const Names names = NamesOf(c.architecture);
  const std::string prefix = IsClassifier(c) ? names.prefix : "";
  const int64_t embedding_size = names.projection.empty() ? c.hidden_size : c.embedding_size;
  g.Add(prefix + "embeddings.word_embeddings.weight", {c.vocab_size, embedding_size});
  g.Add(prefix + "embeddings.position_embeddings.weight", {c.max_position_embeddings, embedding_size});
  if (HasTokenTypes(c)) {
    g.Add(prefix + "embeddings.token_type_embeddings.weight", {c.type_vocab_size, embedding_size});
  }
  g.Norm(prefix + "embeddings.LayerNorm", embedding_size);
  if (!names.projection.empty()) g.Linear(prefix + names.projection, c.hidden_size, embedding_size);
  for (int64_t l = 0; l < c.num_hidden_layers; ++l) {
    const std::string layer = prefix + absl::StrReplaceAll(names.layer, {{"#", absl::StrCat(l)}});
    for (const std::string& part : {names.query, names.key, names.value, names.output}) {
      g.Linear(layer + part, c.hidden_size, c.hidden_size);
    }
    g.Norm(layer + names.attention_norm, c.hidden_size);
    g.Linear(layer + names.up, c.intermediate_size, c.hidden_size);
    g.Linear(layer + names.down, c.hidden_size, c.intermediate_size);
    g.Norm(layer + names.norm, c.hidden_size);
  }
  if (IsClassifier(c)) {
    g.Linear(names.head_dense, c.hidden_size, c.hidden_size);
    g.Linear(names.classifier, c.num_labels, c.hidden_size);
  }
  if (LabelsTokens(c)) g.Linear("classifier", c.num_labels, c.hidden_size);
  return g.weights;
}

nlohmann::json ConfigJsonOf(const TinyConfig& c) {
  nlohmann::json json = {{"architectures", {c.architecture}},
                         {"vocab_size", c.vocab_size},
                         {"type_vocab_size", c.type_vocab_size},
                         {"max_position_embeddings", c.max_position_embeddings},
                         {"hidden_size", c.hidden_size},
                         {"num_hidden_layers", c.num_hidden_layers},
                         {"num_attention_heads", c.num_attention_heads},
                         {"intermediate_size", c.intermediate_size},
                         {"hidden_act", c.hidden_act},
                         {"layer_norm_eps", c.layer_norm_eps},
                         {"problem_type", c.problem_type},
                         {"pad_token_id", c.pad_token_id},
                         {"embedding_size", c.embedding_size}};
  if (c.architecture.starts_with("DistilBert")) {
    for (const auto& [bert, distilbert] :
         {std::pair("hidden_size", "dim"), std::pair("num_hidden_layers", "n_layers"),
          std::pair("num_attention_heads", "n_heads"), std::pair("intermediate_size", "hidden_dim"),
          std::pair("hidden_act", "activation")}) {
      json[distilbert] = json[bert];
      json.erase(bert);
    }
    json.erase("type_vocab_size");
    json.erase("layer_norm_eps");
  }
  for (int64_t i = 0; i < c.num_labels; ++i) json["id2label"][std::to_string(i)] = "label " + std::to_string(i);
  return json;
}

std::string WithHeader(const std::string& header, const std::string& data) {
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + header + data;
}

std::string SafetensorsBytes(const TinyWeights& weights, const std::string& dtype, int padding) {
  nlohmann::json header = {{"__metadata__", {{"format", "pt"}}}};
  std::string data(static_cast<size_t>(padding), '\0');
  for (const auto& [name, tensor] : weights) {
    const size_t begin = data.size();
    for (float value : tensor.values) Append(value, dtype, &data);
    header[name] = {{"dtype", dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return WithHeader(text, data);
}

std::string WriteFolder(const std::string& name, const std::map<std::string, std::string>& files) {
  const std::filesystem::path folder = limpid_test::Scratch() / ("limpid_engine_" + name);
  std::filesystem::remove_all(folder);
  for (const auto& [file, contents] : files) {
    std::filesystem::create_directories((folder / file).parent_path());
    std::ofstream(folder / file, std::ios::binary) << contents;
  }
  return folder.string();
}

std::string WriteTinyModel(const std::string& name, const TinyConfig& config, uint32_t seed) {
  return WriteFolder(name, {{"config.json", ConfigJsonOf(config).dump()},
                            {"model.safetensors", SafetensorsBytes(RandomWeights(config, seed))}});
}

Target AnyTarget(const TinyConfig& config) {
  return {.kind = IsClassifier(config) || LabelsTokens(config) ? Target::Kind::kClass : Target::Kind::kMeanOutput};
}

Row RandomRow(const TinyConfig& config, int64_t length, uint32_t seed, const Target& target) {
  std::mt19937 random(seed);
  Row row;
  for (int64_t i = 0; i < length; ++i) {
    row.token_ids.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(config.vocab_size)));
    const auto num_types = static_cast<uint32_t>(HasTokenTypes(config) ? config.type_vocab_size : 1);
    row.type_ids.push_back(static_cast<int32_t>(random() % num_types));
  }
  row.target = target;
  for (int32_t l = 0; l < config.num_hidden_layers; ++l) row.wanted.attention_layers.push_back(l);
  row.wanted.head_mean_attention = row.wanted.gradient_attention = row.wanted.head_importance = true;
  row.wanted.gradient_at = {true, true, true};
  return row;
}

std::vector<RowResult> RunRows(Engine* engine, const std::vector<Row>& rows, PassObserver* observer) {
  std::vector<const Row*> pointers;
  for (const Row& row : rows) {
    EXPECT_THAT(engine->Check(row), limpid::testing::IsOk());
    pointers.push_back(&row);
  }
  auto results = engine->Run(pointers, observer);
  EXPECT_THAT(results, limpid::testing::IsOk());
  return *std::move(results);
}

}  // namespace limpid::engine
