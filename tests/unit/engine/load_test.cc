// What LoadEngine refuses and accepts: configuration, weights, pooling, device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

auto Load(const std::string& folder) { return LoadEngine(folder, {.device = "cpu", .num_threads = 1}); }

// Loads the tiny model with an edited config.json.
auto LoadWithConfig(const std::function<void(nlohmann::json*)>& edit) {
  const TinyConfig config;
  nlohmann::json json = ConfigJsonOf(config);
  edit(&json);
  return Load(WriteFolder(
      "load", {{"config.json", json.dump()}, {"model.safetensors", SafetensorsBytes(RandomWeights(config, 1))}}));
}

auto LoadWithWeights(const std::function<void(TinyWeights*)>& edit) {
  const TinyConfig config;
  TinyWeights weights = RandomWeights(config, 1);
  edit(&weights);
  return Load(WriteFolder(
      "load", {{"config.json", ConfigJsonOf(config).dump()}, {"model.safetensors", SafetensorsBytes(weights)}}));
}

TEST(LoadEngine, CardSaysWhatTheFolderHolds) {
  const auto engine = Load(WriteTinyModel("card", TinyConfig()));

  ASSERT_THAT(engine, IsOk());
  const ModelCard& card = (*engine)->card();
  EXPECT_EQ(card.architecture, "BertForSequenceClassification");
  EXPECT_EQ(card.task, ModelCard::Task::kClassification);
  EXPECT_THAT(card.labels, ::testing::ElementsAre("label 0", "label 1", "label 2"));
  EXPECT_EQ(card.num_layers, 3);
  EXPECT_EQ(card.num_heads, 3);
  EXPECT_EQ(card.hidden_size, 12);
  EXPECT_EQ(card.vocab_size, 11);
  EXPECT_EQ(card.max_tokens, 40);
  EXPECT_EQ(card.device, "cpu");
  EXPECT_EQ(card.weights_sha256.size(), 64);
  // Embeddings (11 + 40 + 2) * 12 and norm, 3 layers, pooler, classifier.
  EXPECT_EQ(card.num_parameters, 53 * 12 + 24 + 3 * (4 * 156 + 24 + 260 + 252 + 24) + 156 + 39);
}

TEST(LoadEngine, MissingFilesAreNotFoundByName) {
  const auto not_found = absl::StatusCode::kNotFound;
  EXPECT_THAT(Load("/nowhere/model"), StatusIs(not_found, HasSubstr("/nowhere/model is not a folder")));
  EXPECT_THAT(Load(WriteFolder("no_config", {{"x", ""}})), StatusIs(not_found, HasSubstr("config.json")));
  EXPECT_THAT(Load(WriteFolder("no_weights", {{"config.json", ConfigJsonOf(TinyConfig()).dump()}})),
              StatusIs(not_found, HasSubstr("model.safetensors")));
}

TEST(LoadEngine, ConfigThatIsNoJsonObjectIsRefused) {
  for (const char* text : {"", "{", "[]", "3"}) {
    EXPECT_THAT(Load(WriteFolder("bad_json", {{"config.json", text}})),
                StatusIs(kInvalid, HasSubstr("config.json: not a JSON object")));
  }
}

TEST(LoadEngine, ConfigNumbersAreCheckedByName) {
  const auto refuses = [](const char* field, const nlohmann::json& value) {
    EXPECT_THAT(LoadWithConfig([&](nlohmann::json* json) { (*json)[field] = value; }),
                StatusIs(kInvalid, AllOf(HasSubstr("config.json"), HasSubstr(field))))
        << field << " = " << value;
  };
  for (const char* field : {"vocab_size", "type_vocab_size", "max_position_embeddings", "hidden_size",
                            "num_hidden_layers", "num_attention_heads", "intermediate_size"}) {
    for (const auto& value : {nlohmann::json(0), nlohmann::json(-3), nlohmann::json(1e30), nlohmann::json(2.5),
                              nlohmann::json("12"), nlohmann::json(UINT64_MAX)}) {
      refuses(field, value);
    }
  }
  refuses("layer_norm_eps", 0);
  refuses("layer_norm_eps", "small");
  refuses("num_attention_heads", 5);
  refuses("hidden_act", 7);
  refuses("problem_type", "guessing");
  refuses("id2label", nlohmann::json::array());
  refuses("id2label", {{"0", "a"}, {"2", "b"}});
  refuses("architectures", nlohmann::json::array());
  refuses("architectures", "BertModel");
}

TEST(LoadEngine, UnsupportedArchitectureIsToldWhichAreSupported) {
  EXPECT_THAT(LoadWithConfig([](nlohmann::json* json) { (*json)["architectures"] = {"T5ForConditionalGeneration"}; }),
              StatusIs(kUnimplemented, AllOf(HasSubstr("'T5ForConditionalGeneration'"), HasSubstr("BertModel"),
                                             HasSubstr("BertForSequenceClassification"))));
}

TEST(LoadEngine, UnsupportedBlocksAreNamed) {
  EXPECT_THAT(LoadWithConfig([](nlohmann::json* json) { (*json)["hidden_act"] = "mish"; }),
              StatusIs(kUnimplemented, AllOf(HasSubstr("hidden_act 'mish'"), HasSubstr("gelu, gelu_new"))));
  EXPECT_THAT(LoadWithConfig([](nlohmann::json* json) { (*json)["position_embedding_type"] = "relative_key"; }),
              StatusIs(kUnimplemented, HasSubstr("position_embedding_type 'relative_key'")));
  EXPECT_THAT(LoadWithConfig([](nlohmann::json* json) { (*json)["is_decoder"] = true; }),
              StatusIs(kUnimplemented, HasSubstr("is_decoder")));
}

TEST(LoadEngine, WeightsThatDoNotFitTheConfigAreNamed) {
  const std::string name = "bert.encoder.layer.1.attention.self.key.weight";
  EXPECT_THAT(LoadWithWeights([&](TinyWeights* weights) { weights->erase(name); }),
              StatusIs(kInvalid, HasSubstr("tensor '" + name + "' is missing")));
  EXPECT_THAT(LoadWithWeights([&](TinyWeights* weights) { (*weights)[name].shape = {6, 24}; }),
              StatusIs(kInvalid, HasSubstr("tensor '" + name + "' has shape [6, 24], expected [12, 12]")));
  EXPECT_THAT(LoadWithConfig([](nlohmann::json* json) { (*json)["vocab_size"] = 12; }),
              StatusIs(kInvalid, HasSubstr("word_embeddings.weight' has shape [11, 12], expected [12, 12]")));
}

TEST(LoadEngine, WeightsThatAreNoNumbersAreNamed) {
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    EXPECT_THAT(LoadWithWeights([&](TinyWeights* weights) { (*weights)["classifier.bias"].values[1] = value; }),
                StatusIs(kInvalid, HasSubstr("tensor 'classifier.bias' holds a value that is not a finite number")));
  }
}

TEST(LoadEngine, OldNormNamesAreUnderstood) {
  EXPECT_THAT(LoadWithWeights([](TinyWeights* weights) {
                const std::string norm = "bert.embeddings.LayerNorm.";
                for (const auto& [old_name, name] : {std::pair("gamma", "weight"), std::pair("beta", "bias")}) {
                  auto node = weights->extract(norm + name);
                  node.key() = norm + old_name;
                  weights->insert(std::move(node));
                }
              }),
              IsOk());
}

// All forms hold the same numbers (RandomWeights), so the answers are the same to the last bit.
TEST(LoadEngine, HalfPrecisionAndUnalignedWeightsGiveTheSameAnswer) {
  const TinyConfig config;
  const Row row = RandomRow(config, 9, 1, {.kind = Target::Kind::kClass});
  const auto answer = [&](const std::string& bytes) {
    const auto engine =
        Load(WriteFolder("dtype", {{"config.json", ConfigJsonOf(config).dump()}, {"model.safetensors", bytes}}));
    EXPECT_THAT(engine, IsOk());
    const Row* rows[] = {&row};
    const auto results = (*engine)->Run(rows, nullptr);
    EXPECT_THAT(results, IsOk());
    const auto& gradient = results->at(0).gradients[0].values;
    return std::vector<float>(gradient.begin(), gradient.end());
  };
  const TinyWeights weights = RandomWeights(config, 1);
  const std::vector<float> expected = answer(SafetensorsBytes(weights, "F32"));

  EXPECT_EQ(answer(SafetensorsBytes(weights, "F16")), expected);
  EXPECT_EQ(answer(SafetensorsBytes(weights, "BF16")), expected);
  EXPECT_EQ(answer(SafetensorsBytes(weights, "F32", /*padding=*/3)), expected);
}

auto LoadWithModules(const std::string& modules, const std::string& pooling) {
  TinyConfig config;
  config.architecture = "BertModel";
  return Load(WriteFolder("modules", {{"config.json", ConfigJsonOf(config).dump()},
                                      {"model.safetensors", SafetensorsBytes(RandomWeights(config, 1))},
                                      {"modules.json", modules},
                                      {"1_Pooling/config.json", pooling}}));
}

TEST(LoadEngine, SentenceTransformersModulesAreReadOrRefused) {
  const std::string pooling = R"({"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"})";
  const std::string normalize = R"({"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"})";
  const std::string mean = R"({"pooling_mode_mean_tokens": true})";

  const auto engine = LoadWithModules("[" + pooling + "," + normalize + "]", mean);
  ASSERT_THAT(engine, IsOk());
  EXPECT_TRUE((*engine)->card().embedding_normalized);
  EXPECT_TRUE((*engine)->card().has_mean_pooling);
  const auto of_first_token = LoadWithModules("[" + pooling + "]", R"({"pooling_mode_cls_token": true})");
  ASSERT_THAT(of_first_token, IsOk());
  EXPECT_FALSE((*of_first_token)->card().has_mean_pooling);

  EXPECT_THAT(LoadWithModules("[" + pooling + "]", R"({"pooling_mode_max_tokens": true})"),
              StatusIs(kUnimplemented, HasSubstr("only pooling_mode_mean_tokens or pooling_mode_cls_token")));
  EXPECT_THAT(LoadWithModules(R"([{"path": "x", "type": "sentence_transformers.models.Dense"}])", mean),
              StatusIs(kUnimplemented, HasSubstr("models.Dense' is not supported")));
  EXPECT_THAT(LoadWithModules(R"([{"path": "../x", "type": "a.Pooling"}])", mean),
              StatusIs(kInvalid, HasSubstr("leaves the folder")));
  EXPECT_THAT(LoadWithModules("{}", mean), StatusIs(kInvalid, HasSubstr("modules.json: not a JSON list")));
  EXPECT_THAT(LoadWithModules("[3]", mean), StatusIs(kInvalid, HasSubstr("a module needs a type and a path")));
}

TEST(LoadEngine, DevicesThatAreNotThereAreRefused) {
  const std::string folder = WriteTinyModel("device", TinyConfig());

  EXPECT_THAT(LoadEngine(folder, {.device = "abacus", .num_threads = 1}),
              StatusIs(kInvalid, HasSubstr("device: 'abacus' is not cpu, cuda or cuda:N")));
  // No machine has that many.
  EXPECT_THAT(LoadEngine(folder, {.device = "cuda:99", .num_threads = 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("device: ")));
}

}  // namespace
}  // namespace limpid::engine
