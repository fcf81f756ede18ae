// Rows of one text in one batch, through the engine's door.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "unit/engine/mixed_rows.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

// What several callers may ask of one text.
std::vector<Row> AskedOf(const Row& text, const std::vector<Target>& targets) {
  Row modest = text;
  modest.wanted = {.attention_layers = {0, 2}, .layer_gradient_x_activation = true};
  modest.target = targets.front();
  Row predicted = text;
  predicted.wanted = {.attention_layers = {1}, .hidden_states = {2}};
  predicted.target = {};
  std::vector<Row> rows = {modest, predicted};
  for (const Target& target : targets) {
    rows.push_back(text);
    rows.back().target = target;
    if (!text.wanted.needs_backward()) rows.back().wanted.head_importance = true;
  }
  return rows;
}

// Of each text the pass is run for everybody's wishes together, and what one wants others need not.
class SharedInputsOf : public ::testing::TestWithParam<const char*> {};

TEST_P(SharedInputsOf, GivesEachWhatItGetsAlone) {
  TinyConfig config;
  config.architecture = GetParam();
  std::vector<Target> targets = {{.kind = Target::Kind::kMeanOutput}};
  if (config.architecture == "BertForSequenceClassification") {
    targets = {{.kind = Target::Kind::kClass, .class_index = 0},
               {.kind = Target::Kind::kClass, .score = Score::kProb, .class_index = 2},
               {.kind = Target::Kind::kContrast}};
  }
  const auto engine = LoadTiny(config);
  std::vector<Row> rows;
  for (const Row& text : MixedRows(config)) {
    for (Row& row : AskedOf(text, targets)) rows.push_back(std::move(row));
  }

  ExpectTogetherAsAlone(engine.get(), rows);
}

INSTANTIATE_TEST_SUITE_P(Models, SharedInputsOf, ::testing::Values("BertForSequenceClassification", "BertModel"),
                         [](const auto& test) { return std::string(test.param); });

TEST(SharedInputs, SeveralTargetsOfOneTextTakeOneForwardPass) {
  TinyConfig config;
  config.architecture = "BertModel";
  const auto engine = LoadTiny(config);
  Row row = RandomRow(config, 20, 1, {.kind = Target::Kind::kMeanOutput});
  row.wanted = {.attention_layers = {0}};
  row.wanted.gradient_at[0] = true;

  const std::vector<RowResult> results = RunRows(engine.get(), {row, row, row});

  // One forward pass writes its maps once.
  EXPECT_EQ(results[0].attention[0].values.data(), results[1].attention[0].values.data());
  EXPECT_EQ(results[0].attention[0].values.data(), results[2].attention[0].values.data());
}

}  // namespace
}  // namespace limpid::engine
