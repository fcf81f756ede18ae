#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "methods/registry.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using explain::MakeTensor;
using explain::MethodCard;
using explain::Reduction;
using explain::TokenScores;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using testing::Identity;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::LayerOf;
using testing::Matrix;
using testing::MethodCase;
using ::testing::Pointwise;
using testing::Product;
using testing::StatusIs;
using testing::Sum;

constexpr float kTolerance = 1e-6f;

// Two tokens of width 3 at one attach point.
engine::RowResult GradientResult(AttachPoint point) {
  engine::RowResult result;
  result.inputs[static_cast<size_t>(point)] = MakeTensor({2, 3}, {1, 2, 3, -1, 0.5f, 4});
  result.gradients[static_cast<size_t>(point)] = MakeTensor({2, 3}, {3, -4, 0, 1, 2, -2});
  return result;
}

TEST(Registry, HasEveryMethodOfTheContractInItsOrder) {
  std::vector<std::string> names;
  const auto* fields = v1::Method::descriptor()->FindOneofByName("method");
  for (int i = 0; i < fields->field_count(); ++i) names.push_back(fields->field(i)->name());
  EXPECT_EQ(MethodNames(), names);
}

TEST(Registry, RefusesAMethodThatIsNotSet) {
  EXPECT_THAT(ReadMethod({}, "methods[3]"),
              StatusIs(absl::StatusCode::kInvalidArgument, "methods[3]: no method is set that this server knows"));
}

TEST(Saliency, ReducesTheGradientAsAsked) {
  const AttachPoint point = AttachPoint::kEmbeddingSum;
  const auto scores = [&](const char* reduction) {
    const std::string method =
        absl::StrCat("saliency { attach_point: ATTACH_POINT_EMBEDDING_SUM reduction: ", reduction, " }");
    return MethodCase(2).With(GradientResult(point)).Fold(method).scores;
  };

  EXPECT_THAT(scores("REDUCTION_L2"), ElementsAre(FloatEq(5), FloatEq(3)));
  EXPECT_THAT(scores("REDUCTION_L1"), ElementsAre(FloatEq(7), FloatEq(5)));
  EXPECT_THAT(scores("REDUCTION_MEAN_ABS"), ElementsAre(FloatEq(7.f / 3), FloatEq(5.f / 3)));
  EXPECT_THAT(scores("REDUCTION_UNSPECIFIED"), ElementsAre(FloatEq(5), FloatEq(3)));
}

TEST(Saliency, HasNoSignedReduction) {
  EXPECT_THAT(MethodCase(2).Check("saliency { reduction: REDUCTION_SUM }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reduction: must be L2, L1 or MEAN_ABS")));
}

TEST(Saliency, NamesItsAttachPointAndReduction) {
  const MethodCard card = MethodCase(3).Fold("saliency { attach_point: ATTACH_POINT_EMBEDDING_OUTPUT }").card;

  EXPECT_EQ(card.attach_point, AttachPoint::kEmbeddingOutput);
  EXPECT_EQ(card.reduction, Reduction::kL2);
  EXPECT_FALSE(card.is_signed);
  EXPECT_EQ(card.query_token, -1);
  EXPECT_EQ(card.layer, -1);
  EXPECT_TRUE(card.depends_on_target);
}

TEST(GradientXInput, SumsTheProductsWithTheirSigns) {
  const AttachPoint point = AttachPoint::kWordEmbedding;

  const TokenScores result = MethodCase(2).With(GradientResult(point)).Fold("gradient_x_input {}");

  EXPECT_THAT(result.scores, ElementsAre(FloatEq(3 - 8), FloatEq(-1 + 1 - 8)));
  EXPECT_TRUE(result.card.is_signed);
  EXPECT_EQ(result.card.attach_point, point);
  EXPECT_EQ(result.card.reduction, Reduction::kSum);
}

TEST(GradientMethods, WantTheGradientAtTheirAttachPointOnly) {
  const char* const points[] = {"WORD_EMBEDDING", "EMBEDDING_SUM", "EMBEDDING_OUTPUT"};
  for (size_t i = 0; i < 3; ++i) {
    engine::Wanted want;
    want.gradient_at[i] = true;
    for (const char* name : {"saliency", "gradient_x_input"}) {
      const engine::Wanted got =
          MethodCase(2).Plan(absl::StrCat(name, " { attach_point: ATTACH_POINT_", points[i], " }"));
      EXPECT_EQ(got.gradient_at, want.gradient_at);
      EXPECT_FALSE(got.head_mean_attention || got.gradient_attention || got.head_importance);
      EXPECT_THAT(got.attention_layers, IsEmpty());
    }
  }
}

TEST(AttentionRollout, IsTheRowOfAHandMadeProduct) {
  // One layer, two tokens: M = [[(.5+1)/2, .5/2], [.25/2, (.75+1)/2]].
  engine::RowResult result;
  result.head_mean_attention = MakeTensor({1, 2, 2}, {.5f, .5f, .25f, .75f});
  MethodCase text(2);
  text.With(result);

  EXPECT_THAT(text.Fold("attention_rollout {}").scores, ElementsAre(FloatEq(.75f), FloatEq(.25f)));
  EXPECT_THAT(text.Fold("attention_rollout { query_token: 1 }").scores, ElementsAre(FloatEq(.125f), FloatEq(.875f)));
}

TEST(AttentionRollout, EqualsTheProductOfMatrices) {
  constexpr size_t kTokens = 7;
  for (uint32_t query = 0; query < kTokens; ++query) {
    MethodCase text(kTokens);
    const TokenScores result = text.Fold(absl::StrCat("attention_rollout { query_token: ", query, " }"));

    Matrix rollout = Identity(kTokens);
    for (size_t layer = 0; layer < 3; ++layer) {
      Matrix mixed = Sum(LayerOf(text.base.head_mean_attention, layer), Identity(kTokens));
      for (auto& row : mixed) {
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        for (double& value : row) value /= sum;
      }
      rollout = Product(mixed, rollout);
    }
    EXPECT_THAT(result.scores, Pointwise(FloatNear(kTolerance), rollout[query]));
    EXPECT_NEAR(std::accumulate(result.scores.begin(), result.scores.end(), 0.0), 1, kTolerance);
    EXPECT_EQ(result.card.query_token, static_cast<int32_t>(query));
    EXPECT_FALSE(result.card.depends_on_target);
  }
}

TEST(AttentionRollout, NeedsNoBackwardPass) {
  const engine::Wanted wanted = MethodCase(2).Plan("attention_rollout {}");

  EXPECT_TRUE(wanted.head_mean_attention);
  EXPECT_FALSE(wanted.needs_backward());
}

TEST(GradientWeightedAttention, IsTheRowOfAHandMadeProduct) {
  // S_1 = [[0, 2], [3, 0]], S_2 = [[0, 1], [0, 0]]; (I + S_2)(I + S_1) = [[1+3, 2+1], [3, 1]].
  engine::RowResult result;
  result.gradient_attention = MakeTensor({2, 2, 2}, {0, 2, 3, 0, 0, 1, 0, 0});
  MethodCase text(2);
  text.With(result);

  EXPECT_THAT(text.Fold("gradient_weighted_attention {}").scores, ElementsAre(0, FloatEq(3)));
  EXPECT_THAT(text.Fold("gradient_weighted_attention { query_token: 1 }").scores, ElementsAre(FloatEq(3), 0));
}

TEST(GradientWeightedAttention, EqualsTheUpdateRuleWithoutTheQuerysOwnEntry) {
  constexpr size_t kTokens = 6;
  for (uint32_t query = 0; query < kTokens; ++query) {
    MethodCase text(kTokens);
    const TokenScores result = text.Fold(absl::StrCat("gradient_weighted_attention { query_token: ", query, " }"));

    Matrix relevance = Identity(kTokens);
    for (size_t layer = 0; layer < 3; ++layer) {
      relevance = Sum(relevance, Product(LayerOf(text.base.gradient_attention, layer), relevance));
    }
    std::vector<double> want = relevance[query];
    want[query] = 0;
    ASSERT_EQ(result.scores.size(), kTokens);
    for (size_t t = 0; t < kTokens; ++t) EXPECT_NEAR(result.scores[t], want[t], 1e-6 * (1 + want[t]));
    EXPECT_EQ(result.card.query_token, static_cast<int32_t>(query));
    EXPECT_TRUE(result.card.depends_on_target);
  }
}

TEST(GradientXAttention, IsARowOfTheLayerAskedFor) {
  engine::RowResult result;
  result.gradient_attention = MakeTensor({3, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  MethodCase text(2);
  text.With(result);

  const TokenScores last = text.Fold("gradient_x_attention { query_token: 1 }");
  EXPECT_THAT(last.scores, ElementsAre(10, 11));
  EXPECT_EQ(last.card.layer, 2);
  EXPECT_EQ(last.card.query_token, 1);
  EXPECT_THAT(text.Fold("gradient_x_attention { layer: 1 }").scores, ElementsAre(4, 5));
  EXPECT_THAT(text.Fold("gradient_x_attention { layer: -3 }").scores, ElementsAre(0, 1));
}

TEST(GradientXAttention, RefusesALayerThatTheModelLacks) {
  const auto check = [](int32_t layer) {
    return MethodCase(2).Check(absl::StrCat("gradient_x_attention { layer: ", layer, " }"));
  };

  EXPECT_THAT(check(2), IsOk());
  EXPECT_THAT(check(-3), IsOk());
  EXPECT_THAT(check(3), StatusIs(absl::StatusCode::kInvalidArgument, "layer: is 3, must be in [-3, 3)"));
  EXPECT_THAT(check(-4), StatusIs(absl::StatusCode::kInvalidArgument, "layer: is -4, must be in [-3, 3)"));
}

TEST(AttentionMethods, RefuseAQueryTokenThatTheTextLacks) {
  for (const char* name : {"attention_rollout", "gradient_weighted_attention", "gradient_x_attention"}) {
    const std::string method = absl::StrCat(name, " { query_token: 4 }");
    EXPECT_THAT(MethodCase(5).Check(method), IsOk());
    EXPECT_THAT(MethodCase(4).Check(method),
                StatusIs(absl::StatusCode::kInvalidArgument, "query_token: is 4, the input has tokens 0 to 3"));
  }
}

TEST(HeadImportance, GivesOneNumberAHead) {
  engine::RowResult result;
  result.head_importance = MakeTensor({3, 2}, {3, 4, 0, 0, 5, 12});
  MethodCase text(4);
  text.With(result);

  const TokenScores raw = text.Fold("head_importance {}");
  EXPECT_THAT(raw.scores, IsEmpty());
  EXPECT_THAT(raw.head_scores.shape, ElementsAre(3, 2));
  EXPECT_THAT(raw.head_scores.values, ElementsAreArray({3.f, 4.f, 0.f, 0.f, 5.f, 12.f}));

  const TokenScores normalized = text.Fold("head_importance { normalize_by_layer: true }");
  EXPECT_THAT(normalized.head_scores.values,
              ElementsAre(FloatEq(.6f), FloatEq(.8f), 0, 0, FloatEq(5.f / 13), FloatEq(12.f / 13)));
}

}  // namespace
}  // namespace limpid::methods
