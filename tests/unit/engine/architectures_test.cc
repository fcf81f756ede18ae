// What each architecture makes of its configuration, and that one pass serves them all. Their numbers are compared with
// Transformers' in tests/oracle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <span>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

TinyConfig ConfigOf(const std::string& architecture) {
  TinyConfig config;
  config.architecture = architecture;
  return config;
}

auto Load(const std::string& folder) { return LoadEngine(folder, {.device = "cpu", .num_threads = 1}); }

// With an edited config.json.
auto LoadEdited(const std::string& architecture, const std::function<void(nlohmann::json*)>& edit) {
  const TinyConfig config = ConfigOf(architecture);
  nlohmann::json json = ConfigJsonOf(config);
  edit(&json);
  return Load(WriteFolder("architectures", {{"config.json", json.dump()},
                                            {"model.safetensors", SafetensorsBytes(RandomWeights(config, 1))}}));
}

class ArchitectureOf : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto engine = Load(WriteTinyModel(GetParam(), config_));
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  // A row that wants everything.
  Row RowOf(int64_t length, uint32_t seed) const { return RandomRow(config_, length, seed, AnyTarget(config_)); }

  const TinyConfig config_ = ConfigOf(GetParam());
  std::unique_ptr<Engine> engine_;
};

TEST_P(ArchitectureOf, EveryWeightOfTheFolderIsCountedOnce) {
  int64_t count = 0;
  for (const auto& [name, tensor] : RandomWeights(config_, 1)) count += static_cast<int64_t>(tensor.values.size());

  EXPECT_EQ(engine_->card().architecture, GetParam());
  EXPECT_EQ(engine_->card().num_parameters, count);
}

void ExpectNear(std::span<const float> values, std::span<const float> expected) {
  ASSERT_EQ(values.size(), expected.size());
  float scale = 0;
  for (const float value : expected) scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-4f * scale) << i;
}

TEST_P(ArchitectureOf, TheLongestRowBesideAnotherGivesWhatThePortablePassGives) {
  const std::vector<Row> rows = {RowOf(7, 1), RowOf(engine_->card().max_tokens, 2)};

  const std::vector<RowResult> results = RunRows(engine_.get(), rows);

  for (size_t r = 0; r < rows.size(); ++r) {
    const auto reference = engine_->RunReference(rows[r]);
    ASSERT_THAT(reference, IsOk());
    ExpectNear(results[r].prediction.logits, reference->prediction.logits);
    for (size_t point = 0; point < kNumAttachPoints; ++point) {
      ExpectNear(results[r].inputs[point].values, reference->inputs[point].values);
      ExpectNear(results[r].gradients[point].values, reference->gradients[point].values);
    }
  }
}

// What stands in for a token takes the way that the token itself takes.
TEST_P(ArchitectureOf, ATokenInItsOwnPlaceChangesNothing) {
  const Row plain = RowOf(9, 1);
  const RowResult expected = RunRows(engine_.get(), {plain})[0];
  for (const AttachPoint at :
       {AttachPoint::kWordEmbedding, AttachPoint::kEmbeddingSum, AttachPoint::kEmbeddingOutput}) {
    Row row = plain;
    row.wanted.gradient_at = {};
    row.alteration = Alteration{
        .at = at, .baseline = std::make_shared<const Baseline>(Baseline{at, plain.token_ids}), .alpha = {0.25f}};

    const RowResult result = RunRows(engine_.get(), {row})[0];

    EXPECT_EQ(result.prediction.logits, expected.prediction.logits);
    EXPECT_EQ(result.prediction.embedding, expected.prediction.embedding);
    EXPECT_TRUE(std::ranges::equal(result.head_importance.values, expected.head_importance.values));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ArchitectureOf, ::testing::ValuesIn(kTinyArchitectures),
                         [](const auto& test) { return std::string(test.param); });

TEST(Architectures, AreAllNamedWhereAnotherIsRefused) {
  const auto refused = LoadEdited("BertModel", [](nlohmann::json* json) { (*json)["architectures"] = {"T5Model"}; });

  for (const char* name : kTinyArchitectures) EXPECT_THAT(refused, StatusIs(kUnimplemented, HasSubstr(name)));
}

TEST(Architectures, PositionsOfRobertaBeginBehindThePadToken) {
  const auto positions = [](int64_t pad_token_id) {
    return LoadEdited("RobertaModel", [=](nlohmann::json* json) { (*json)["pad_token_id"] = pad_token_id; });
  };
  const auto absent = LoadEdited("RobertaModel", [](nlohmann::json* json) { json->erase("pad_token_id"); });

  EXPECT_EQ((*positions(3))->card().max_tokens, 36);
  EXPECT_EQ((*positions(0))->card().max_tokens, 39);
  EXPECT_EQ((*positions(38))->card().max_tokens, 1);
  EXPECT_EQ((*absent)->card().max_tokens, 38);
  EXPECT_THAT(positions(39), StatusIs(kInvalid, HasSubstr("max_position_embeddings: must be above 40")));
  EXPECT_THAT(positions(-1), StatusIs(kInvalid, HasSubstr("pad_token_id")));
}

TEST(Architectures, FieldsOfDistilBertAreNamedAsItNamesThem) {
  const auto edited = [](const char* field, const nlohmann::json& value) {
    return LoadEdited("DistilBertModel", [=](nlohmann::json* json) { (*json)[field] = value; });
  };
  for (const char* field : {"dim", "n_layers", "n_heads", "hidden_dim"}) {
    EXPECT_THAT(edited(field, nullptr), StatusIs(kInvalid, HasSubstr(std::string(field) + ": is missing")));
  }
  EXPECT_THAT(edited("n_heads", 5), StatusIs(kInvalid, HasSubstr("n_heads: must divide dim 12")));
  EXPECT_THAT(edited("activation", "mish"), StatusIs(kUnimplemented, HasSubstr("activation 'mish'")));
  EXPECT_THAT(edited("sinusoidal_pos_embds", true), IsOk());
}

TEST(Architectures, DistilBertHasNoTokenTypes) {
  const TinyConfig config = ConfigOf("DistilBertModel");
  const auto engine = Load(WriteTinyModel("no_types", config));
  ASSERT_THAT(engine, IsOk());
  Row row = RandomRow(config, 5, 1, AnyTarget(config));
  row.type_ids[2] = 1;

  EXPECT_EQ((*engine)->card().type_vocab_size, 0);
  EXPECT_THAT((*engine)->Check(row),
              StatusIs(kInvalid, HasSubstr("input.token_ids.type_ids[2] is 1, must be in [0, 1)")));
}

TEST(Architectures, ElectraOfOneWidthHasNoProjection) {
  TinyConfig config = ConfigOf("ElectraModel");
  config.embedding_size = config.hidden_size;
  TinyWeights weights = RandomWeights(config, 1);
  weights.erase("embeddings_project.weight");
  weights.erase("embeddings_project.bias");
  const auto load = [&](const nlohmann::json& json) {
    return Load(
        WriteFolder("electra", {{"config.json", json.dump()}, {"model.safetensors", SafetensorsBytes(weights)}}));
  };
  nlohmann::json json = ConfigJsonOf(config);

  EXPECT_THAT(load(json), IsOk());
  json["embedding_size"] = 7;
  EXPECT_THAT(load(json), StatusIs(kInvalid, HasSubstr("shape [11, 12], expected [11, 7]")));
  json.erase("embedding_size");
  EXPECT_THAT(load(json), StatusIs(kInvalid, HasSubstr("expected [11, 128]")));
}

TEST(Architectures, AttachPointsAreAsWideAsTheEmbeddings) {
  const TinyConfig config = ConfigOf("ElectraModel");
  const auto engine = Load(WriteTinyModel("widths", config));
  ASSERT_THAT(engine, IsOk());
  Row row = RandomRow(config, 5, 1, AnyTarget(config));
  row.wanted.hidden_states = {0};

  const RowResult result = RunRows(engine->get(), {row})[0];

  for (size_t point = 0; point < kNumAttachPoints; ++point) {
    EXPECT_THAT(result.gradients[point].shape, ::testing::ElementsAre(5, 7));
  }
  EXPECT_THAT(result.hidden_states[0].shape, ::testing::ElementsAre(5, 12));
}

TEST(Architectures, AlbertsOfOneLayerAreTheOnlyOnes) {
  const auto edited = [](const char* field, const nlohmann::json& value) {
    return LoadEdited("AlbertForSequenceClassification", [=](nlohmann::json* json) { (*json)[field] = value; });
  };
  for (const std::string field : {"num_hidden_groups", "inner_group_num"}) {
    EXPECT_THAT(edited(field.c_str(), 1), IsOk());
    EXPECT_THAT(edited(field.c_str(), 2), StatusIs(kUnimplemented, HasSubstr(field + " 2 is not supported")));
    EXPECT_THAT(edited(field.c_str(), 0), StatusIs(kInvalid, HasSubstr(field)));
  }
  const auto deep = edited("num_hidden_layers", 7);
  ASSERT_THAT(deep, IsOk());
  EXPECT_EQ((*deep)->card().num_layers, 7);
  EXPECT_EQ((*deep)->card().num_parameters, (*edited("num_hidden_layers", 1))->card().num_parameters);
}

}  // namespace
}  // namespace limpid::engine
