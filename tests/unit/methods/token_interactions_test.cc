#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::StatusIs;

// Two tokens beside three.
class TokenInteractionsTest : public ::testing::Test {
 protected:
  TokenInteractionsTest() {
    text_.model = testing::EncoderCard();
    text_.Toward({.kind = engine::Target::Kind::kSimilarity});
    text_.other.emplace().tokens.resize(3);
    for (size_t t = 0; t < 3; ++t) text_.other->tokens[t].id = static_cast<int32_t>(50 + t);
  }
  MethodCase text_{2};
};

TEST_F(TokenInteractionsTest, AreWhatEachPairAddsToTheCosine) {
  // Means (2, 1.5) and (0, 1): sums of size 5 and 3, cosine 0.6.
  engine::RowResult base;
  base.prediction.target_value = 0.6f;
  base.hidden_states = {explain::MakeTensor({2, 2}, {1, 0, 3, 3})};
  text_.With(base);

  const explain::TokenScores result = text_.Explain("token_interactions {}", [](const engine::Row&) {
    engine::RowResult other;
    other.hidden_states = {explain::MakeTensor({3, 2}, {1, 0, -1, 1, 0, 2})};
    return other;
  });

  ASSERT_TRUE(result.matrix.has_value());
  EXPECT_THAT(result.matrix->values,
              ElementsAre(FloatEq(1.f / 15), FloatEq(-1.f / 15), 0, FloatEq(3.f / 15), 0, FloatEq(6.f / 15)));
  EXPECT_THAT(result.matrix->other_tokens, SizeIs(3));
  EXPECT_THAT(result.scores, ElementsAre(0, FloatEq(.6f)));
  EXPECT_TRUE(result.card.is_signed);
  EXPECT_EQ(result.card.layer, 3);
  ASSERT_TRUE(result.card.completeness.has_value());
  EXPECT_FLOAT_EQ(result.card.completeness->value, .6f);
  EXPECT_EQ(result.card.completeness->baseline_value, 0);
  EXPECT_LT(result.card.completeness->error, 1e-6);
}

TEST_F(TokenInteractionsTest, RunTheOtherTextOnceForItsLastHiddenStates) {
  engine::RowResult base;
  base.hidden_states = {testing::FakeTensor({2, 5}, 1)};
  text_.With(base).Explain("token_interactions {}", [](const engine::Row&) {
    engine::RowResult other;
    other.hidden_states = {testing::FakeTensor({3, 5}, 2)};
    return other;
  });

  EXPECT_THAT(text_.Plan("token_interactions {}").hidden_states, ElementsAre(3));
  ASSERT_THAT(text_.rows, SizeIs(1));
  EXPECT_THAT(text_.rows[0].token_ids, ElementsAre(50, 51, 52));
  EXPECT_THAT(text_.rows[0].wanted.hidden_states, ElementsAre(3));
  const std::vector<explain::Forecast> forecasts = testing::MakeMethod("token_interactions {}")->Expect(text_.input());
  ASSERT_THAT(forecasts, SizeIs(1));
  EXPECT_EQ(forecasts[0].rows, 1u);
  EXPECT_EQ(forecasts[0].num_tokens, 3u);
  EXPECT_THAT(forecasts[0].wanted.hidden_states, ElementsAre(3));
}

TEST_F(TokenInteractionsTest, NeedTwoTextsAndMeanPooling) {
  EXPECT_THAT(text_.Check("token_interactions {}"), IsOk());

  text_.model.has_mean_pooling = false;
  EXPECT_THAT(text_.Check("token_interactions {}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs mean pooling")));
  EXPECT_THAT(MethodCase(2).Check("token_interactions {}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("target: must be similarity")));
}

}  // namespace
}  // namespace limpid::methods
