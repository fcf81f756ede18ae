#include "unit/engine/mixed_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "support/status_matchers.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

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

}  // namespace

std::unique_ptr<Engine> LoadTiny(const TinyConfig& config) {
  auto engine = LoadEngine(WriteTinyModel("rows", config), {.device = "cpu", .num_threads = 2});
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

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

}  // namespace limpid::engine
