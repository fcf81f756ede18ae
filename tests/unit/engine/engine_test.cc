// What engine.h promises, on tiny models: no test here knows how the pass works.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "support/status_matchers.h"
#include "unit/engine/mixed_rows.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

// Counts what a pass announces, and keeps it.
struct RecordingObserver final : PassObserver {
  void OnPrediction(size_t row, const Prediction& prediction) override {
    ++num_predictions[row];
    logits[row] = prediction.logits;
  }
  void OnAttention(size_t row, size_t index, const HostTensor& maps) override {
    // In order of layers, before the prediction.
    EXPECT_EQ(attention[row].size(), index);
    EXPECT_FALSE(num_predictions.contains(row));
    attention[row].push_back(maps);
  }
  std::map<size_t, int> num_predictions;
  std::map<size_t, std::vector<float>> logits;
  std::map<size_t, std::vector<HostTensor>> attention;
};

TEST(Engine, ResultAloneEqualsResultInMixedBatch) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);

  ExpectTogetherAsAlone(engine.get(), MixedRows(config));
}

TEST(Engine, GivesWhatItsReferenceGives) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);

  const std::vector<Row> rows = MixedRows(config);
  for (size_t r = 0; r < rows.size(); ++r) {
    const absl::StatusOr<RowResult> reference = engine->RunReference(rows[r]);
    ASSERT_TRUE(reference.ok()) << reference.status();
    const auto arrays = Arrays(RunRows(engine.get(), {rows[r]})[0]), expected = Arrays(*reference);
    ASSERT_EQ(arrays.size(), expected.size());
    for (size_t i = 0; i < arrays.size(); ++i) {
      EXPECT_LE(LargestDifference(arrays[i], expected[i]), 1e-5) << "row " << r << ", array " << i;
    }
  }
}

// The less is wanted, the less is computed and kept.
TEST(Engine, PredictionDoesNotDependOnWhatElseIsWanted) {
  for (const char* architecture : {"BertForSequenceClassification", "BertModel"}) {
    TinyConfig config;
    config.architecture = architecture;
    const auto engine = LoadTiny(config);
    std::vector<Row> rows;
    for (uint32_t i = 0; i < 6; ++i) {
      rows.push_back(RandomRow(config, 1 + i * 6, i, {.kind = Target::Kind::kMeanOutput}));
    }
    std::vector<Row> bare = rows, maps = rows;
    for (Row& row : bare) row.wanted = {};
    for (Row& row : maps) row.wanted = {.attention_layers = {0, 2}, .head_mean_attention = true};

    const auto of_everything = RunRows(engine.get(), rows), of_bare = RunRows(engine.get(), bare),
               of_maps = RunRows(engine.get(), maps);

    for (size_t r = 0; r < rows.size(); ++r) {
      for (const RowResult* result : {&of_bare[r], &of_maps[r]}) {
        EXPECT_NEAR(result->prediction.target_value, of_everything[r].prediction.target_value, 1e-6);
        for (size_t i = 0; i < result->prediction.logits.size(); ++i) {
          EXPECT_NEAR(result->prediction.logits[i], of_everything[r].prediction.logits[i], 1e-5);
        }
      }
      EXPECT_LE(LargestDifference(of_maps[r].attention[1], of_everything[r].attention[2]), 1e-6);
      EXPECT_LE(LargestDifference(of_maps[r].head_mean_attention, of_everything[r].head_mean_attention), 1e-6);
    }
  }
}

// A mapped file would end the process here.
TEST(Engine, DoesNotCareWhatBecomesOfItsFile) {
  const TinyConfig config;
  const std::string folder = WriteTinyModel("truncated", config);
  const auto engine = *LoadEngine(folder, {.device = "cpu", .num_threads = 1});
  const std::vector<Row> rows = MixedRows(config);
  const std::vector<RowResult> before = RunRows(engine.get(), rows);

  std::filesystem::resize_file(folder + "/model.safetensors", 0);

  const std::vector<RowResult> after = RunRows(engine.get(), rows);
  for (size_t r = 0; r < rows.size(); ++r) EXPECT_EQ(before[r].prediction.logits, after[r].prediction.logits);
}

TEST(Engine, SameBatchGivesTheSameBits) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);
  const std::vector<Row> rows = MixedRows(config);

  const std::vector<RowResult> first = RunRows(engine.get(), rows), second = RunRows(engine.get(), rows);

  for (size_t r = 0; r < rows.size(); ++r) {
    EXPECT_EQ(first[r].prediction.logits, second[r].prediction.logits);
    const auto arrays = Arrays(first[r]), again = Arrays(second[r]);
    for (size_t i = 0; i < arrays.size(); ++i) EXPECT_TRUE(std::ranges::equal(arrays[i].values, again[i].values));
  }
}

TEST(Engine, BringsBackWhatIsWantedInItsShapeAndNothingElse) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);
  std::vector<Row> rows = {RandomRow(config, 7, 1, {.kind = Target::Kind::kClass}), RandomRow(config, 5, 2, {})};
  rows[1].wanted = {.attention_layers = {0, 2}};

  const std::vector<RowResult> results = RunRows(engine.get(), rows);

  using Shape = std::vector<int64_t>;
  ASSERT_EQ(results[0].attention.size(), 3);
  EXPECT_EQ(results[0].attention[0].shape, (Shape{3, 7, 7}));
  EXPECT_EQ(results[0].head_mean_attention.shape, (Shape{3, 7, 7}));
  EXPECT_EQ(results[0].gradient_attention.shape, (Shape{3, 7, 7}));
  EXPECT_EQ(results[0].head_importance.shape, (Shape{3, 3}));
  for (size_t point = 0; point < kNumAttachPoints; ++point) {
    EXPECT_EQ(results[0].inputs[point].shape, (Shape{7, 12}));
    EXPECT_EQ(results[0].gradients[point].shape, (Shape{7, 12}));
  }
  ASSERT_EQ(results[1].attention.size(), 2);
  EXPECT_EQ(results[1].attention[1].shape, (Shape{3, 5, 5}));
  EXPECT_TRUE(results[1].head_mean_attention.empty());
  EXPECT_TRUE(results[1].gradient_attention.empty());
  EXPECT_TRUE(results[1].head_importance.empty());
  for (const HostTensor& gradient : results[1].gradients) EXPECT_TRUE(gradient.empty());
}

TEST(Engine, ResultsOutliveTheBatchAndTheEngine) {
  const TinyConfig config;
  auto engine = LoadTiny(config);
  const std::vector<Row> rows = MixedRows(config);
  const HostTensor kept = RunRows(engine.get(), rows)[3].attention[1];
  const std::vector<float> before(kept.values.begin(), kept.values.end());

  RunRows(engine.get(), MixedRows(config));
  engine.reset();

  EXPECT_TRUE(std::ranges::equal(kept.values, before));
}

TEST(Engine, EachPredictionIsGivenOnceAndIsTheResults) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);
  const std::vector<Row> rows = MixedRows(config);
  RecordingObserver observer;

  const std::vector<RowResult> results = RunRows(engine.get(), rows, &observer);

  for (size_t r = 0; r < rows.size(); ++r) {
    EXPECT_EQ(observer.num_predictions[r], 1);
    EXPECT_EQ(observer.logits[r], results[r].prediction.logits);
  }
}

TEST(Engine, AttentionIsAnnouncedLayerByLayerAndIsTheResults) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);
  const std::vector<Row> rows = MixedRows(config);
  RecordingObserver observer;

  const std::vector<RowResult> results = RunRows(engine.get(), rows, &observer);

  for (size_t r = 0; r < rows.size(); ++r) {
    const std::vector<HostTensor>& maps = results[r].attention;
    ASSERT_EQ(observer.attention[r].size(), maps.size());
    for (size_t i = 0; i < maps.size(); ++i) {
      EXPECT_EQ(observer.attention[r][i].shape, maps[i].shape);
      // The same memory: nothing was copied.
      EXPECT_EQ(observer.attention[r][i].values.data(), maps[i].values.data());
    }
  }
}

// All hidden states zero: a finite output, but each norm's backward multiplies by 1 / sqrt(eps).
TEST(Engine, PredictionComesBeforeABackwardPassThatFails) {
  TinyConfig config;
  config.layer_norm_eps = 1e-30;
  TinyWeights weights = RandomWeights(config, 1);
  for (auto& [name, tensor] : weights) {
    const bool head = name.starts_with("bert.pooler") || name.starts_with("classifier");
    const bool norm_weight = name.find("LayerNorm.weight") != std::string::npos;
    if (!head && !norm_weight) std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
  }
  const std::string folder = WriteFolder(
      "overflow", {{"config.json", ConfigJsonOf(config).dump()}, {"model.safetensors", SafetensorsBytes(weights)}});
  const auto engine = LoadEngine(folder, {.device = "cpu", .num_threads = 2});
  ASSERT_THAT(engine, IsOk());
  const Row row = RandomRow(config, 5, 1, {.kind = Target::Kind::kClass});
  const Row* rows[] = {&row};
  RecordingObserver observer;

  const auto results = (*engine)->Run(rows, &observer);

  EXPECT_THAT(results, StatusIs(absl::StatusCode::kInternal, HasSubstr("gradient for this input is not a finite")));
  EXPECT_EQ(observer.num_predictions.size(), 1);
}

TEST(Engine, AnOutputThatIsNoNumberIsAnErrorAndIsNotGiven) {
  const TinyConfig config;
  TinyWeights weights = RandomWeights(config, 1);
  auto& huge = weights["bert.encoder.layer.0.intermediate.dense.weight"].values;
  std::fill(huge.begin(), huge.end(), 3e38f);
  const std::string folder = WriteFolder(
      "infinite", {{"config.json", ConfigJsonOf(config).dump()}, {"model.safetensors", SafetensorsBytes(weights)}});
  const auto engine = LoadEngine(folder, {.device = "cpu", .num_threads = 2});
  ASSERT_THAT(engine, IsOk());
  const Row row = RandomRow(config, 5, 1, {.kind = Target::Kind::kClass});
  const Row* rows[] = {&row};
  RecordingObserver observer;

  const auto results = (*engine)->Run(rows, &observer);

  EXPECT_THAT(results, StatusIs(absl::StatusCode::kInternal, HasSubstr("output for this input is not a finite")));
  EXPECT_TRUE(observer.num_predictions.empty());
}

struct BadRow {
  const char* name;
  std::function<void(Row*)> spoil;
  const char* says;
};

class CheckRow : public ::testing::TestWithParam<BadRow> {};

TEST_P(CheckRow, NamesTheFieldAndTheLimit) {
  const TinyConfig config;
  const auto engine = LoadTiny(config);
  Row row = RandomRow(config, 6, 1, {.kind = Target::Kind::kClass});
  ASSERT_THAT(engine->Check(row), IsOk());

  GetParam().spoil(&row);

  EXPECT_THAT(engine->Check(row), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().says)));
}

const BadRow kBadRows[] = {
    {"Empty", [](Row* r) { r->token_ids.clear(); }, "input.token_ids is empty"},
    {"TooLong", [](Row* r) { r->token_ids.resize(41); }, "input has 41 tokens, the model takes at most 40"},
    {"TypesDoNotFit", [](Row* r) { r->type_ids.pop_back(); }, "type_ids has 5 entries for 6 ids"},
    {"TokenNegative", [](Row* r) { r->token_ids[2] = -1; }, "input.token_ids.ids[2] is -1, must be in [0, 11)"},
    {"TokenTooLarge", [](Row* r) { r->token_ids[5] = 11; }, "input.token_ids.ids[5] is 11, must be in [0, 11)"},
    {"TypeTooLarge", [](Row* r) { r->type_ids[0] = 2; }, "input.token_ids.type_ids[0] is 2, must be in [0, 2)"},
    {"ClassTooLarge", [](Row* r) { r->target.class_index = 3; }, "target.class.index is 3"},
    {"ClassNegative", [](Row* r) { r->target.class_index = -2; }, "target.class.index is -2"},
    {"FoilTooLarge", [](Row* r) { r->target = {.kind = Target::Kind::kContrast, .foil_index = 9}; },
     "target.contrast.foil.index is 9"},
    {"FoilIsTarget", [](Row* r) { r->target = {.kind = Target::Kind::kContrast, .class_index = 1, .foil_index = 1}; },
     "target.contrast.foil must differ"},
    {"Similarity", [](Row* r) { r->target.kind = Target::Kind::kSimilarity; }, "target.similarity needs an embedding"},
    {"NoTarget", [](Row* r) { r->target.kind = Target::Kind::kNone; }, "target: a gradient needs a target"},
    {"LayerTooLarge", [](Row* r) { r->wanted.attention_layers = {0, 3}; }, "attention.layers[1] is 3"},
    {"LayersNotSorted", [](Row* r) { r->wanted.attention_layers = {1, 0}; }, "attention.layers[1] is 0"},
};

INSTANTIATE_TEST_SUITE_P(Rows, CheckRow, ::testing::ValuesIn(kBadRows),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace limpid::engine
