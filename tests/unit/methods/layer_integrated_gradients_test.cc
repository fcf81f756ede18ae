#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::MethodCase;
using testing::StatusIs;

// Three tokens of width 5 on a model of three layers: hidden states are t + 1 in every element of the input's token t
// and 0 in the baseline's, and F is the sum over the tokens of (their first element)^2.
class LayerIntegratedGradientsTest : public ::testing::Test {
 protected:
  LayerIntegratedGradientsTest() {
    engine::RowResult base;
    base.prediction.target_value = 14;
    base.prediction.class_index = 1;
    base.hidden_states = {States({1, 2, 3})};
    text_.With(std::move(base));
  }

  static engine::HostTensor States(const std::vector<float>& tokens) {
    std::vector<float> values;
    for (float token : tokens) values.insert(values.end(), 5, token);
    return explain::MakeTensor({3, 5}, std::move(values));
  }

  static engine::RowResult Run(const engine::Row& row) {
    engine::RowResult result;
    if (!row.wanted.hidden_states.empty()) result.hidden_states = {States({0, 0, 0})};
    if (row.wanted.layer_gradient_dot == nullptr) return result;
    std::vector<float> h = {1, 2, 3}, dots;
    for (size_t t = 0; t < 3; ++t) {
      if (row.replaced_hidden != nullptr) h[t] = row.replaced_hidden->values[5 * t];
      dots.push_back(2 * h[t] * row.wanted.layer_gradient_dot->values[5 * t]);
      result.prediction.target_value += h[t] * h[t];
    }
    result.layer_gradient_dot = explain::MakeTensor({3}, std::move(dots));
    return result;
  }

  explain::TokenScores Explain(const std::string& options) {
    text_.rows.clear();
    return text_.Explain(absl::StrCat("layer_integrated_gradients { ", options, " }"), Run);
  }

  MethodCase text_{3};
};

TEST_F(LayerIntegratedGradientsTest, IntegratesFromTheBaselinesHiddenStatesToTheInputs) {
  const explain::TokenScores scores = Explain("");

  EXPECT_NEAR(scores.scores[0], 1, 1e-2);
  EXPECT_NEAR(scores.scores[1], 4, 1e-2);
  EXPECT_NEAR(scores.scores[2], 9, 1e-2);
  EXPECT_TRUE(scores.card.completeness->is_certified);
  EXPECT_EQ(scores.card.completeness->value, 14);
  EXPECT_EQ(scores.card.completeness->baseline_value, 0);
  EXPECT_EQ(scores.card.samples, text_.rows.size() - 1) << "all but the baseline's own";
}

TEST_F(LayerIntegratedGradientsTest, TheBaselineRunsOnItsOwnFirst) {
  Explain("baseline { token: BASELINE_TOKEN_MASK }");

  const engine::Row& first = text_.rows.front();
  EXPECT_THAT(first.wanted.hidden_states, ElementsAre(1));
  EXPECT_THAT(first.alteration->alpha, ElementsAre(0));
  EXPECT_EQ(first.alteration->baseline->at, engine::AttachPoint::kWordEmbedding);
  EXPECT_FALSE(first.wanted.needs_backward());
  for (size_t i = 1; i < text_.rows.size(); ++i) {
    EXPECT_EQ(text_.rows[i].target.class_index, 1);
    EXPECT_EQ(text_.rows[i].wanted.layer_gradient_dot->layer, 1);
  }
}

TEST_F(LayerIntegratedGradientsTest, AsksForFewRowsAtATime) {
  const auto method = testing::MakeMethod("layer_integrated_gradients { tolerance: 1e-6 }");
  const explain::MethodInput given = text_.input();
  engine::Row row = given.base_row;
  method->Plan(given, &row.wanted);
  const explain::MethodInput input = {.model = given.model,
                                      .tokenizer = given.tokenizer,
                                      .encoding = given.encoding,
                                      .base_row = row,
                                      .request = given.request};
  std::vector<engine::RowResult> results;
  size_t most = 0, total = 0;
  for (explain::FoldStep step; total == 0 || !step.more_rows.empty();) {
    step = *method->Fold(input, text_.base, results);
    most = std::max(most, step.more_rows.size());
    total += step.more_rows.size();
    results.clear();
    for (const engine::Row& asked : step.more_rows) results.push_back(Run(asked));
  }

  EXPECT_LE(most, 16u);
  EXPECT_GT(total, 32u);
}

TEST_F(LayerIntegratedGradientsTest, TheLayerIsTheMiddleOneOrTheOneAskedFor) {
  const auto layers = [&](const char* options) {
    return text_.Plan(absl::StrCat("layer_integrated_gradients { ", options, " }")).hidden_states;
  };
  EXPECT_THAT(layers(""), ElementsAre(1));
  EXPECT_THAT(layers("layer: 0"), ElementsAre(0));
  EXPECT_THAT(layers("layer: -1"), ElementsAre(3)) << "the last hidden states";
  EXPECT_EQ(Explain("").card.layer, 1);
  EXPECT_THAT(text_.Check("layer_integrated_gradients { layer: 4 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "layer: is 4, must be in [-4, 4)"));
}

TEST_F(LayerIntegratedGradientsTest, HiddenStatesThatOthersWantStay) {
  engine::Wanted wanted;
  wanted.hidden_states = {0, 2};
  const auto method = testing::MakeMethod("layer_integrated_gradients {}");

  method->Plan(text_.input(), &wanted);
  method->Plan(text_.input(), &wanted);

  EXPECT_THAT(wanted.hidden_states, ElementsAre(0, 1, 2));
}

TEST_F(LayerIntegratedGradientsTest, RefusesOptionsOutOfRange) {
  EXPECT_THAT(text_.Check("layer_integrated_gradients { steps: 3 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("steps: is 3, must be in [4, 512]")));
  EXPECT_THAT(text_.Check("layer_integrated_gradients { baseline { token: BASELINE_TOKEN_PAD } }"),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("baseline.token: is PAD")));
}

}  // namespace
}  // namespace limpid::methods
