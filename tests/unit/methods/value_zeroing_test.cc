#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;
using testing::Identity;
using testing::IsOk;
using testing::LayerOf;
using testing::Matrix;
using testing::MethodCase;
using ::testing::Pointwise;
using testing::Product;
using testing::StatusIs;

MethodCase CaseOf(engine::HostTensor changes) {
  MethodCase text(static_cast<size_t>(changes.shape[1]));
  text.model.num_layers = changes.shape[0];
  engine::RowResult base;
  base.value_zeroing = std::move(changes);
  text.With(base);
  return text;
}

TEST(ValueZeroing, IsTheRowOfTheProductOfScaledMatrices) {
  constexpr size_t kTokens = 5;
  MethodCase text = CaseOf(testing::FakeTensor({3, kTokens, kTokens}, 11));
  Matrix product = Identity(kTokens);
  for (size_t layer = 0; layer < 3; ++layer) {
    Matrix scaled = LayerOf(text.base.value_zeroing, layer);
    for (auto& row : scaled) {
      double sum = 0;
      for (double value : row) sum += value;
      for (double& value : row) value /= sum;
    }
    product = Product(scaled, product);
  }

  for (uint32_t query = 0; query < kTokens; ++query) {
    const explain::TokenScores result = text.Fold(absl::StrCat("value_zeroing { query_token: ", query, " }"));
    EXPECT_THAT(result.scores, Pointwise(FloatNear(1e-6f), product[query]));
    EXPECT_EQ(result.card.query_token, static_cast<int32_t>(query));
    EXPECT_EQ(result.card.layer, -1);
    EXPECT_FALSE(result.card.depends_on_target);
    EXPECT_FALSE(result.card.is_signed);
  }
}

TEST(ValueZeroing, IsARowOfOneLayerWhereThatIsAskedFor) {
  MethodCase text = CaseOf(explain::MakeTensor({2, 2, 2}, {1, 3, 5, 5, 2, 6, 9, 1}));

  EXPECT_THAT(text.Fold("value_zeroing { layer: 0 }").scores, ElementsAre(FloatEq(.25f), FloatEq(.75f)));
  const explain::TokenScores last = text.Fold("value_zeroing { layer: -1 query_token: 1 }");
  EXPECT_THAT(last.scores, ElementsAre(FloatEq(.9f), FloatEq(.1f)));
  EXPECT_EQ(last.card.layer, 1);
}

TEST(ValueZeroing, ATokenThatNoValueChangesHasNoPart) {
  MethodCase text = CaseOf(explain::MakeTensor({2, 2, 2}, {0, 0, 1, 3, 2, 2, 0, 0}));

  EXPECT_THAT(text.Fold("value_zeroing {}").scores, ElementsAre(FloatEq(.125f), FloatEq(.375f)));
  EXPECT_THAT(text.Fold("value_zeroing { query_token: 1 }").scores, ElementsAre(0, 0));
}

TEST(ValueZeroing, NeedsNoBackwardPass) {
  const engine::Wanted wanted = MethodCase(2).Plan("value_zeroing {}");

  EXPECT_TRUE(wanted.value_zeroing);
  EXPECT_FALSE(wanted.needs_backward());
}

TEST(ValueZeroing, RefusesWhatTheTextOrTheModelLacksAndLongTexts) {
  EXPECT_THAT(MethodCase(128).Check("value_zeroing { query_token: 127 layer: -3 }"), IsOk());
  EXPECT_THAT(MethodCase(2).Check("value_zeroing { query_token: 2 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "query_token: is 2, the input has tokens 0 to 1"));
  EXPECT_THAT(MethodCase(2).Check("value_zeroing { layer: 3 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "layer: is 3, must be in [-3, 3)"));
  EXPECT_THAT(MethodCase(129).Check("value_zeroing {}"),
              StatusIs(absl::StatusCode::kInvalidArgument, "input: has 129 tokens, this method takes at most 128"));
}

}  // namespace
}  // namespace limpid::methods
