#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/reason.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using engine::Target;
using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::StatusIs;

MethodCase LrpCase() {
  MethodCase text(2);
  text.model.has_lrp = true;
  return text;
}

TEST(Lrp, IsAFeatureThatMostServersDoNotHave) {
  const absl::Status refused = MethodCase(2).Check("lrp {}");

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("LIMPID_LRP")));
  EXPECT_THAT(refused.message(), HasSubstr("patent"));
  EXPECT_EQ(base::ReasonOf(refused), base::Reason::kFeatureDisabled);
}

TEST(Lrp, AsksForOneRowByItsRulesTowardTheClassOfTheBaseRow) {
  engine::RowResult base;
  base.prediction.class_index = 1;
  MethodCase text = LrpCase();
  text.With(base);

  const explain::TokenScores result =
      text.Explain("lrp { rule: RULE_CP_LRP attach_point: ATTACH_POINT_EMBEDDING_SUM }", [](const engine::Row&) {
        engine::RowResult relevance;
        relevance.inputs[1] = explain::MakeTensor({2, 3}, {1, 2, 3, -1, 0.5f, 4});
        relevance.gradients[1] = explain::MakeTensor({2, 3}, {3, -4, 0, 1, 2, -2});
        return relevance;
      });

  ASSERT_THAT(text.rows, SizeIs(1));
  EXPECT_EQ(text.rows[0].backward_rule, engine::BackwardRule::kCpLrp);
  EXPECT_EQ(text.rows[0].target.class_index, 1);
  EXPECT_THAT(text.rows[0].wanted.gradient_at, ElementsAre(false, true, false));
  EXPECT_THAT(result.scores, ElementsAre(FloatEq(3 - 8), FloatEq(-1 + 1 - 8)));
  EXPECT_TRUE(result.card.is_signed);
  EXPECT_EQ(result.card.form, "cp-lrp");
  EXPECT_EQ(result.card.attach_point, engine::AttachPoint::kEmbeddingSum);
}

TEST(Lrp, FollowsAttnLrpUnlessAskedOtherwise) {
  MethodCase text = LrpCase();

  const explain::TokenScores result =
      text.Explain("lrp {}", [](const engine::Row& row) { return FakeEngine().ResultOf(row); });

  EXPECT_EQ(text.rows.at(0).backward_rule, engine::BackwardRule::kAttnLrp);
  EXPECT_EQ(result.card.form, "attn-lrp");
  EXPECT_THAT(LrpCase().Check("lrp { rule: 7 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rule: unknown value 7")));
}

TEST(Lrp, ExpectsThatRow) {
  const MethodCase text = LrpCase();
  const std::vector<explain::Forecast> forecasts = testing::MakeMethod("lrp {}")->Expect(text.input());

  ASSERT_THAT(forecasts, SizeIs(1));
  EXPECT_EQ(forecasts[0].rows, 1u);
  EXPECT_TRUE(forecasts[0].wanted.needs_backward());
}

TEST(Lrp, IsOfALogitOrTheMeanOutputOnly) {
  const auto check = [](const Target& target) { return LrpCase().Toward(target).Check("lrp {}"); };
  const auto is_refused = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("target: relevance is of a logit"));

  EXPECT_THAT(check({.kind = Target::Kind::kClass}), IsOk());
  EXPECT_THAT(check({.kind = Target::Kind::kContrast}), IsOk());
  EXPECT_THAT(check({.kind = Target::Kind::kMeanOutput}), IsOk());
  EXPECT_THAT(check({.kind = Target::Kind::kClass, .score = engine::Score::kProb}), is_refused);
  EXPECT_THAT(check({.kind = Target::Kind::kContrast, .score = engine::Score::kLogProb}), is_refused);
  EXPECT_THAT(check({.kind = Target::Kind::kSimilarity}), is_refused);
}

}  // namespace
}  // namespace limpid::methods
