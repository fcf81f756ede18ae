#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using ::testing::ElementsAre;
using testing::FakeTokenizer;
using ::testing::FloatNear;
using ::testing::IsEmpty;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr int32_t kMask = FakeTokenizer::kMask, kUnknown = FakeTokenizer::kUnknown;
constexpr int32_t kZero = engine::Baseline::kZero, kMean = engine::Baseline::kMean;

// "[CLS] un believ able news [SEP]" on a model of which F(alpha) = 2 + scale * (sum of 0, 1, .. 5) alpha^3, where token
// t has the t-th part; the scale is that of the baseline's second token: 1 for MASK, 2 for others.
class IntegratedGradientsTest : public ::testing::Test {
 protected:
  static float ScaleOf(const engine::Baseline& baseline) { return baseline.ids[1] == kMask ? 1.0f : 2.0f; }

  static engine::HostTensor Dots(float alpha, float scale) {
    std::vector<float> dots;
    for (int t = 0; t < 6; ++t) dots.push_back(scale * static_cast<float>(t) * 3 * alpha * alpha);
    return explain::MakeTensor({6}, std::move(dots));
  }

  static engine::RowResult Run(const engine::Row& row) {
    const engine::Alteration& alteration = *row.alteration;
    const float alpha = alteration.alpha.at(0), scale = ScaleOf(*alteration.baseline);
    engine::RowResult result;
    result.prediction.target_value = 2 + 15 * scale * alpha * alpha * alpha;
    for (size_t i = 0; i < row.wanted.gradient_dots.size(); ++i) result.gradient_dots.push_back(Dots(alpha, scale));
    return result;
  }

  explain::TokenScores Explain(const std::string& options) {
    const std::string method = absl::StrCat("integrated_gradients { ", options, " }");
    engine::RowResult base;
    base.prediction.class_index = 1;
    base.prediction.target_value = 17;
    for (const auto& baseline : text_.Plan(method).gradient_dots) {
      base.gradient_dots.push_back(Dots(1, ScaleOf(*baseline)));
    }
    text_.rows.clear();
    return text_.With(std::move(base)).Explain(method, Run);
  }

  // Of the first baseline, as the base row wants it.
  std::vector<int32_t> BaselineIds(const std::string& options) {
    return text_.Plan(absl::StrCat("integrated_gradients { ", options, " }")).gradient_dots.at(0)->ids;
  }
  absl::Status Check(const std::string& options) {
    return text_.Check(absl::StrCat("integrated_gradients { ", options, " }"));
  }
  int32_t id(size_t token) const { return text_.id(token); }

  MethodCase text_{"un-believ-able news"};
};

TEST_F(IntegratedGradientsTest, IntegratesEachTokensPart) {
  const explain::TokenScores scores = Explain("");

  for (size_t t = 0; t < 6; ++t) EXPECT_NEAR(scores.scores[t], static_cast<double>(t), 0.01);
  const explain::Completeness& completeness = *scores.card.completeness;
  EXPECT_TRUE(completeness.is_certified);
  EXPECT_LE(completeness.error, 1e-3f);
  EXPECT_LE(completeness.refinement_error, 1e-3f);
  EXPECT_EQ(completeness.value, 17);
  EXPECT_EQ(completeness.baseline_value, 2);
}

TEST_F(IntegratedGradientsTest, ThePredictionsOwnPassIsANode) {
  const explain::TokenScores scores = Explain("");

  EXPECT_EQ(scores.card.samples, text_.rows.size() + 1);
  EXPECT_EQ(text_.rows[0].alteration->alpha[0], 0) << "whose F is the baseline's";
  for (const engine::Row& row : text_.rows) {
    EXPECT_LT(row.alteration->alpha[0], 1);
    EXPECT_EQ(row.target.class_index, 1) << "the class of the whole input";
    EXPECT_THAT(row.wanted.gradient_dots, SizeIs(1));
    EXPECT_FALSE(row.wanted.gradient_at[0]);
  }
}

TEST_F(IntegratedGradientsTest, TheBaseRowIsAskedForEachBaselineOnce) {
  const std::string method = "integrated_gradients { baselines {} baselines {} }";
  EXPECT_THAT(text_.Plan(method).gradient_dots, SizeIs(1));
  const explain::TokenScores scores = Explain("baselines {} baselines {}");

  EXPECT_NEAR(scores.scores[5], 5, 0.01);
  EXPECT_TRUE(scores.card.completeness->is_certified);
}

TEST_F(IntegratedGradientsTest, GaussLegendreHasAsManyNodesAsAsked) {
  const explain::TokenScores scores = Explain("quadrature: QUADRATURE_GAUSS_LEGENDRE steps: 5");

  for (size_t t = 0; t < 6; ++t) EXPECT_NEAR(scores.scores[t], static_cast<double>(t), 1e-5);
  EXPECT_THAT(text_.rows, SizeIs(6)) << "and F at the baseline";
  EXPECT_FALSE(text_.rows.back().wanted.needs_backward());
  EXPECT_EQ(scores.card.samples, 5u);
  EXPECT_EQ(scores.card.form, "gauss-legendre");
  EXPECT_LT(scores.card.completeness->error, 1e-5f);
  EXPECT_FALSE(scores.card.completeness->is_certified);
  EXPECT_THAT(text_.Plan("integrated_gradients { quadrature: QUADRATURE_GAUSS_LEGENDRE }").gradient_dots, IsEmpty());
}

TEST_F(IntegratedGradientsTest, SeveralBaselinesAreAveraged) {
  const std::string both = "baselines { token: BASELINE_TOKEN_MASK } baselines { token: BASELINE_TOKEN_ZERO }";
  for (const char* quadrature : {"", " quadrature: QUADRATURE_GAUSS_LEGENDRE"}) {
    const explain::TokenScores scores = Explain(both + quadrature);

    for (size_t t = 0; t < 6; ++t) EXPECT_NEAR(scores.scores[t], 1.5 * static_cast<double>(t), 0.01);
    EXPECT_EQ(scores.card.baseline, "MASK, ZERO");
    EXPECT_GT(scores.card.completeness->error, 0.5f) << "of the worst: F does not fall by 30";
    EXPECT_FALSE(scores.card.completeness->is_certified);
  }
}

TEST_F(IntegratedGradientsTest, TheCardSaysWhatTheScoresAre) {
  const explain::MethodCard card = Explain("attach_point: ATTACH_POINT_EMBEDDING_OUTPUT").card;

  EXPECT_EQ(card.attach_point, AttachPoint::kEmbeddingOutput);
  EXPECT_EQ(card.reduction, explain::Reduction::kSum);
  EXPECT_TRUE(card.is_signed);
  EXPECT_EQ(card.baseline, "MASK") << "the vocabulary has no PAD";
  EXPECT_EQ(card.form, "clenshaw-curtis");
  EXPECT_EQ(text_.rows[0].alteration->at, AttachPoint::kEmbeddingOutput);
}

TEST_F(IntegratedGradientsTest, RefinementsAreSentWhereAskedFor) {
  Explain("");
  engine::RowResult base = text_.base;
  for (const bool is_asked : {true, false}) {
    const auto method = testing::MakeMethod(is_asked ? "integrated_gradients { tolerance: 1e-6 send_refinements: true }"
                                                     : "integrated_gradients { tolerance: 1e-6 }");
    std::vector<engine::RowResult> results;
    int refinements = 0;
    for (explain::FoldStep step;;) {
      step = *method->Fold(text_.input(), base, results);
      if (step.more_rows.empty()) break;
      if (step.is_refinement) {
        ++refinements;
        EXPECT_THAT(step.scores.scores, SizeIs(6));
        EXPECT_FALSE(step.scores.card.completeness->is_certified);
      }
      results.clear();
      for (const engine::Row& row : step.more_rows) results.push_back(Run(row));
    }
    EXPECT_EQ(refinements > 0, is_asked);
  }
}

TEST_F(IntegratedGradientsTest, SpecialTokensKeepTheirOwnEmbedding) {
  EXPECT_THAT(BaselineIds(""), ElementsAre(1, kMask, kMask, kMask, kMask, 2));
  EXPECT_THAT(BaselineIds("baselines { token: BASELINE_TOKEN_UNKNOWN }"),
              ElementsAre(1, kUnknown, kUnknown, kUnknown, kUnknown, 2));
  EXPECT_THAT(BaselineIds("baselines { token: BASELINE_TOKEN_ZERO }"), ElementsAre(1, kZero, kZero, kZero, kZero, 2));
  EXPECT_THAT(BaselineIds("baselines { token: BASELINE_TOKEN_MEAN }"), ElementsAre(1, kMean, kMean, kMean, kMean, 2));
  EXPECT_THAT(BaselineIds("baselines { token_ids { ids: [9, 20, 21, 22, 23, 9] } }"),
              ElementsAre(1, 20, 21, 22, 23, 2));
}

TEST_F(IntegratedGradientsTest, AnotherTextIsCutOrFilled) {
  EXPECT_THAT(BaselineIds("baselines { text: 'news able' }"), ElementsAre(1, id(4), id(3), kMask, kMask, 2));
  EXPECT_THAT(BaselineIds("baselines { text: 'news news news news news able' }"),
              ElementsAre(1, id(4), id(4), id(4), id(4), 2));
  EXPECT_EQ(Explain("baselines { text: 'news' }").card.baseline, "TEXT");
}

TEST_F(IntegratedGradientsTest, KeepsTheNoiseOfTheInput) {
  engine::Row noisy = text_.input().base_row;
  noisy.alteration = engine::Alteration{.noise = engine::Noise{.scale = 0.5f, .seed = 4}};
  explain::MethodInput input = {.model = text_.model,
                                .tokenizer = text_.input().tokenizer,
                                .encoding = text_.input().encoding,
                                .base_row = noisy,
                                .request = text_.input().request};
  const auto method = testing::MakeMethod("integrated_gradients {}");
  method->Plan(input, &noisy.wanted);
  engine::RowResult base;
  base.gradient_dots = {Dots(1, 1)};

  const explain::FoldStep step = *method->Fold(input, base, {});

  for (const engine::Row& row : step.more_rows) {
    EXPECT_EQ(row.alteration->noise, noisy.alteration->noise);
    EXPECT_NE(row.alteration->baseline, nullptr);
  }
  EXPECT_THAT(testing::MakeMethod("integrated_gradients { attach_point: ATTACH_POINT_EMBEDDING_OUTPUT }")->Check(input),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("noise at another attach point")));
}

TEST_F(IntegratedGradientsTest, ExpectsMoreRowsForASmallerTolerance) {
  const auto rows = [&](const char* method) {
    uint32_t sum = 0;
    for (const explain::Forecast& forecast : testing::MakeMethod(method)->Expect(text_.input())) sum += forecast.rows;
    return sum;
  };
  EXPECT_EQ(rows("integrated_gradients { tolerance: 1e-2 }"), 32u);
  EXPECT_EQ(rows("integrated_gradients {}"), 64u);
  EXPECT_EQ(rows("integrated_gradients { steps: 16 }"), 16u);
  EXPECT_EQ(rows("integrated_gradients { baselines {} baselines { token: BASELINE_TOKEN_ZERO } }"), 128u);
  EXPECT_EQ(rows("integrated_gradients { quadrature: QUADRATURE_GAUSS_LEGENDRE }"), 51u);
}

TEST_F(IntegratedGradientsTest, RefusesWhatCannotBe) {
  const auto invalid = [](const char* message) {
    return StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(message));
  };
  EXPECT_THAT(Check("steps: 48"), invalid("steps: is 48, must be a power of two"));
  EXPECT_THAT(Check("steps: 1024"), invalid("steps: is 1024, must be in [4, 512]"));
  EXPECT_THAT(Check("tolerance: 1e-9"), invalid("tolerance: is 1e-09, must be in [1e-06, 1]"));
  EXPECT_THAT(Check("quadrature: QUADRATURE_GAUSS_LEGENDRE steps: 513"), invalid("steps: is 513, must be in [1, 512]"));
  EXPECT_THAT(Check("baselines { token: BASELINE_TOKEN_PAD }"),
              invalid("baselines[0].token: is PAD, which this model's vocabulary lacks"));
  EXPECT_THAT(Check("baselines {} baselines { token_ids { ids: [1, 2] } }"),
              invalid("baselines[1].token_ids: has 2 ids for an input of 6 tokens"));
  EXPECT_THAT(Check("baselines { token_ids { ids: [1, 1, 1, 1, 1000, 1] } }"),
              invalid("baselines[0].token_ids: ids[4] is 1000, must be in [0, 1000)"));
  EXPECT_THAT(Check("attach_point: ATTACH_POINT_EMBEDDING_SUM baselines { token: BASELINE_TOKEN_ZERO }"),
              invalid("ZERO is no baseline at EMBEDDING_SUM: the norm behind it sees no length"));
  EXPECT_THAT(Check("attach_point: ATTACH_POINT_EMBEDDING_OUTPUT baselines { token: BASELINE_TOKEN_ZERO }"),
              testing::IsOk());
  std::string many;
  for (int i = 0; i < 33; ++i) many += "baselines {} ";
  EXPECT_THAT(Check(many), invalid("baselines: 33 are given, at most 32 are allowed"));
}

}  // namespace
}  // namespace limpid::methods
