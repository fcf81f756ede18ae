// Relevance propagation, in builds that have it: against autograd with its local edits, and its conservation.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/op_kernels.h"
#include "unit/engine/reference_bert.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

class Lrp : public ::testing::TestWithParam<std::tuple<BackwardRule, std::string>> {
 protected:
  BackwardRule rule() const { return std::get<0>(GetParam()); }
  TinyConfig Config() const {
    TinyConfig config;
    config.hidden_act = std::get<1>(GetParam());
    return config;
  }
  static Row MakeRow(const TinyConfig& config, uint32_t seed, BackwardRule rule) {
    Row row = RandomRow(config, 9, seed, {.kind = Target::Kind::kClass, .class_index = 1});
    row.backward_rule = rule;
    return row;
  }
};

TEST_P(Lrp, IsAutogradWithItsLocalEdits) {
  const TinyConfig config = Config();
  const Row row = MakeRow(config, 5, rule()), plain = MakeRow(config, 6, BackwardRule::kGradient);
  const auto engine = LoadEngine(WriteTinyModel("lrp", config), {.device = "cpu", .num_threads = 2});
  ASSERT_THAT(engine, IsOk());
  EXPECT_TRUE((*engine)->card().has_lrp);
  ASSERT_THAT((*engine)->Check(row), IsOk());
  Row gradient_row = row;
  gradient_row.backward_rule = BackwardRule::kGradient;
  const Row* rows[] = {&plain, &row, &gradient_row};

  const auto results = (*engine)->Run(rows, nullptr);

  ASSERT_THAT(results, IsOk());
  ReferenceBert truth(config, RandomWeights(config, 1), at::kDouble);
  const auto expect_gradients = [&](const RowResult& result, const Row& of, BackwardRule expected_rule) {
    truth.backward_rule = expected_rule;
    truth.Run(of);
    EXPECT_NEAR(result.prediction.logits[1], truth.logits[1].item<double>(), 1e-5);
    const auto gradients = torch::autograd::grad({truth.logits[1]}, {truth.word, truth.sum, truth.output});
    for (size_t p = 0; p < kNumAttachPoints; ++p) {
      EXPECT_LE(RelativeError(FromHost(result.gradients[p]), gradients[p]), 1e-5) << "point " << p;
    }
  };
  expect_gradients((*results)[0], plain, BackwardRule::kGradient);
  expect_gradients((*results)[1], row, rule());
  expect_gradients((*results)[2], row, BackwardRule::kGradient);
}

TEST_P(Lrp, LeavesTheForwardPassAsItIs) {
  const TinyConfig config = Config();
  const Row relevance = MakeRow(config, 5, rule()), gradient = MakeRow(config, 5, BackwardRule::kGradient);
  const auto engine = LoadEngine(WriteTinyModel("lrp", config), {.device = "cpu", .num_threads = 1});
  ASSERT_THAT(engine, IsOk());
  const Row *first[] = {&relevance}, *second[] = {&gradient};

  const auto with = (*engine)->Run(first, nullptr), without = (*engine)->Run(second, nullptr);

  ASSERT_THAT(with, IsOk());
  ASSERT_THAT(without, IsOk());
  EXPECT_EQ((*with)[0].prediction.logits, (*without)[0].prediction.logits);
  for (size_t l = 0; l < (*with)[0].attention.size(); ++l) {
    EXPECT_TRUE(std::ranges::equal((*with)[0].attention[l].values, (*without)[0].attention[l].values));
  }
}

std::string NameOf(const ::testing::TestParamInfo<std::tuple<BackwardRule, std::string>>& test) {
  return (std::get<0>(test.param) == BackwardRule::kAttnLrp ? "AttnLrp_" : "CpLrp_") + std::get<1>(test.param);
}

INSTANTIATE_TEST_SUITE_P(Rules, Lrp,
                         ::testing::Combine(::testing::Values(BackwardRule::kAttnLrp, BackwardRule::kCpLrp),
                                            ::testing::Values("gelu", "gelu_new", "relu")),
                         NameOf);

// With no bias to take a share, relevance at the words sums to the score.
TEST(CpLrp, ConservesTheScoreWithoutBiases) {
  for (const char* architecture : {"BertModel", "BertForSequenceClassification"}) {
    TinyConfig config;
    config.architecture = architecture;
    TinyWeights weights = RandomWeights(config, 1);
    for (auto& [name, tensor] : weights) {
      const bool is_added = name.ends_with(".bias") || name.find("position_embeddings") != std::string::npos ||
                            name.find("token_type_embeddings") != std::string::npos;
      if (is_added) std::ranges::fill(tensor.values, 0.0f);
    }
    const std::string folder = WriteFolder("conservation", {{"config.json", ConfigJsonOf(config).dump()},
                                                            {"model.safetensors", SafetensorsBytes(weights)}});
    const auto engine = LoadEngine(folder, {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(engine, IsOk());
    Row row = RandomRow(config, 9, 5, {.kind = Target::Kind::kMeanOutput});
    row.wanted = {};
    row.wanted.gradient_at.fill(true);
    row.backward_rule = BackwardRule::kCpLrp;
    const Row* rows[] = {&row};

    const auto results = (*engine)->Run(rows, nullptr);

    ASSERT_THAT(results, IsOk());
    const RowResult& result = results->front();
    for (size_t p = 0; p < kNumAttachPoints; ++p) {
      const at::Tensor relevance = FromHost(result.inputs[p]) * FromHost(result.gradients[p]);
      // Its parts may be larger than their sum.
      const double scale = relevance.abs().sum().item<double>();
      EXPECT_NEAR(relevance.sum(at::kDouble).item<double>(), result.prediction.target_value, 1e-5 * scale);
      EXPECT_GT(std::abs(result.prediction.target_value), 1e-3 * scale);
    }
  }
}

}  // namespace
}  // namespace limpid::engine
