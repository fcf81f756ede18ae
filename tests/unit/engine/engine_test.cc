// What engine.h promises, on tiny models: no test here knows how the pass works.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int kThreads = 2;

std::unique_ptr<Engine> Load(const TinyConfig& config) {
  auto engine = LoadEngine(WriteTinyModel("run", config), {.device = "cpu", .num_threads = kThreads});
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

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

// What else a row may want and change, one thing after the other; `row` wants everything of before.
void Vary(const TinyConfig& config, uint32_t kind, Row* row) {
  const size_t length = row->token_ids.size(), size = length * static_cast<size_t>(config.hidden_size);
  const auto baseline = std::make_shared<const Baseline>(
      Baseline{AttachPoint::kWordEmbedding, std::vector<int32_t>(length, Baseline::kMean)});
  const auto states = std::make_shared<const HiddenStates>(HiddenStates{1, std::vector<float>(size, 0.25f)});
  switch (kind) {
    case 0:
      row->alteration = Alteration{.noise = Noise{.scale = 0.1f, .seed = 3}, .baseline = baseline, .alpha = {0.75f}};
      row->wanted.gradient_dots = {baseline};
      break;
    case 1:
      row->positions.resize(length);
      std::iota(row->positions.begin(), row->positions.end(),
                static_cast<int64_t>(length) < config.max_position_embeddings ? 1 : 0);
      row->wanted.value_zeroing = true;
      break;
    case 2: {
      const std::vector<uint8_t> all(static_cast<size_t>(config.vocab_size), 1);
      row->wanted.substitutions = SubstitutionSearch{4, std::make_shared<const std::vector<uint8_t>>(all), {0}};
      row->wanted.layer_gradient_x_activation = true;
      break;
    }
    case 3:
      row->replaced_hidden = row->wanted.layer_gradient_dot = states;
      row->wanted.hidden_states = {0, 1, 3};
      break;
    default:
      break;
  }
}

// Rows of many lengths and wishes, enough of them for every thread to get a shard of its own.
std::vector<Row> MixedRows(const TinyConfig& config) {
  const Target targets[] = {
      {.kind = Target::Kind::kClass},
      {.kind = Target::Kind::kContrast, .class_index = 2},
      {.kind = Target::Kind::kClass, .score = Score::kProb, .class_index = 1},
      {.kind = Target::Kind::kMeanOutput},
      {},
  };
  std::vector<Row> rows;
  for (uint32_t i = 0; i < 25; ++i) {
    Row row = RandomRow(config, 1 + (i * 7) % 40, i, targets[i % 5]);
    if (row.target.kind == Target::Kind::kNone) {
      row.wanted = {.attention_layers = {1}};
    } else {
      Vary(config, i % 7, &row);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Every array of a result, in a fixed order.
std::vector<HostTensor> Arrays(const RowResult& result) {
  std::vector<HostTensor> arrays = result.attention;
  arrays.insert(arrays.end(), {result.head_mean_attention, result.gradient_attention, result.head_importance});
  arrays.insert(arrays.end(), {result.layer_gradient_x_activation, result.layer_gradient_dot, result.value_zeroing});
  arrays.insert(arrays.end(), result.gradient_dots.begin(), result.gradient_dots.end());
  arrays.insert(arrays.end(), result.hidden_states.begin(), result.hidden_states.end());
  for (const Substitutions& found : result.substitutions) {
    const auto estimates = std::make_shared<const std::vector<float>>(found.estimates);
    arrays.push_back({.shape = {}, .values = *estimates, .owner = estimates});
  }
  arrays.insert(arrays.end(), result.inputs.begin(), result.inputs.end());
  arrays.insert(arrays.end(), result.gradients.begin(), result.gradients.end());
  return arrays;
}

double LargestDifference(const HostTensor& a, const HostTensor& b) {
  EXPECT_EQ(a.shape, b.shape);
  double largest = 0, scale = 1;
  for (size_t i = 0; i < a.values.size(); ++i) {
    largest = std::max(largest, std::abs(double{a.values[i]} - b.values[i]));
    scale = std::max(scale, std::abs(double{a.values[i]}));
  }
  return largest / scale;
}

void ExpectTogetherAsAlone(Engine* engine, const std::vector<Row>& rows) {
  const std::vector<RowResult> together = RunRows(engine, rows);

  for (size_t r = 0; r < rows.size(); ++r) {
    const RowResult alone = RunRows(engine, {rows[r]})[0];
    const auto arrays = Arrays(together[r]), arrays_alone = Arrays(alone);
    ASSERT_EQ(arrays.size(), arrays_alone.size());
    for (size_t i = 0; i < arrays.size(); ++i) {
      EXPECT_LE(LargestDifference(arrays[i], arrays_alone[i]), 1e-5) << "row " << r << ", array " << i;
    }
    EXPECT_NEAR(together[r].prediction.target_value, alone.prediction.target_value, 1e-5);
    EXPECT_EQ(together[r].prediction.class_index, alone.prediction.class_index);
    EXPECT_EQ(together[r].prediction.foil_index, alone.prediction.foil_index);
  }
}

TEST(Engine, ResultAloneEqualsResultInMixedBatch) {
  const TinyConfig config;
  const auto engine = Load(config);

  ExpectTogetherAsAlone(engine.get(), MixedRows(config));
}

// They share a forward pass: of each text everybody's wishes together, and what one wants others need not.
TEST(Engine, RowsThatDifferInTargetAndWishesOnlyGetWhatTheyGetAlone) {
  for (const char* architecture : {"BertForSequenceClassification", "BertModel"}) {
    TinyConfig config;
    config.architecture = architecture;
    const auto engine = Load(config);
    std::vector<Row> rows;
    for (const Row& text : MixedRows(config)) {
      if (!text.wanted.needs_backward() && text.alteration.has_value()) continue;
      Row modest = text;
      modest.wanted = {.attention_layers = {0, 2}, .layer_gradient_x_activation = true};
      modest.target = {.kind = Target::Kind::kMeanOutput};
      Row predicted = text;
      predicted.target = {};
      predicted.wanted = {.attention_layers = {1}, .hidden_states = {2}};
      rows.insert(rows.end(), {text, modest, predicted, text});
      if (config.architecture == "BertModel") continue;
      for (int32_t c = 0; c < config.num_labels; ++c) {
        rows.push_back(text);
        rows.back().target = {.kind = Target::Kind::kClass, .class_index = c};
        if (!text.wanted.needs_backward()) rows.back().wanted = {.head_importance = true};
      }
    }
    if (config.architecture == "BertModel") {
      for (Row& row : rows) {
        if (row.target.kind != Target::Kind::kNone) row.target = {.kind = Target::Kind::kMeanOutput};
      }
    }

    ExpectTogetherAsAlone(engine.get(), rows);
  }
}

TEST(Engine, SeveralTargetsOfOneTextTakeOneForwardPass) {
  TinyConfig config;
  config.architecture = "BertModel";
  const auto engine = Load(config);
  Row row = RandomRow(config, 20, 1, {.kind = Target::Kind::kMeanOutput});
  row.wanted = {.attention_layers = {0}};
  row.wanted.gradient_at[0] = true;

  const std::vector<RowResult> results = RunRows(engine.get(), {row, row, row});

  // One forward pass writes its maps once.
  EXPECT_EQ(results[0].attention[0].values.data(), results[1].attention[0].values.data());
  EXPECT_EQ(results[0].attention[0].values.data(), results[2].attention[0].values.data());
}

TEST(Engine, GivesWhatItsReferenceGives) {
  const TinyConfig config;
  const auto engine = Load(config);

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
    const auto engine = Load(config);
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
  const auto engine = Load(config);
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
  const auto engine = Load(config);
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
  auto engine = Load(config);
  const std::vector<Row> rows = MixedRows(config);
  const HostTensor kept = RunRows(engine.get(), rows)[3].attention[1];
  const std::vector<float> before(kept.values.begin(), kept.values.end());

  RunRows(engine.get(), MixedRows(config));
  engine.reset();

  EXPECT_TRUE(std::ranges::equal(kept.values, before));
}

TEST(Engine, EachPredictionIsGivenOnceAndIsTheResults) {
  const TinyConfig config;
  const auto engine = Load(config);
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
  const auto engine = Load(config);
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
  const auto engine = LoadEngine(folder, {.device = "cpu", .num_threads = kThreads});
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
  const auto engine = LoadEngine(folder, {.device = "cpu", .num_threads = kThreads});
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
  const auto engine = Load(config);
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
