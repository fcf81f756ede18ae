#include "explain/leave_one_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "explain/input.h"
#include "explain/methods.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr int32_t kMask = testing::FakeTokenizer::kMask, kUnknown = testing::FakeTokenizer::kUnknown;

// "[CLS] un believ able news [SEP]": one word of three tokens, one of one.
class LeaveOneOutTest : public ::testing::Test {
 protected:
  LeaveOneOutTest() {
    encoding_ = *testing::FakeTokenizer().Encode("un-believ-able news", std::nullopt, text::Truncation::kError, 100);
    row_ = RowOfTokens(encoding_);
    row_.target.kind = engine::Target::Kind::kClass;
    row_.wanted.head_importance = true;
    base_.prediction.class_index = 1;
    base_.prediction.target_value = 10;
  }

  MethodInput input() const { return {model_, encoding_, testing::FakeTokenizer().stand_ins(), row_}; }

  // The ids of the rows that a method asks for.
  std::vector<std::vector<int32_t>> IdsOf(const MethodSpec& spec) {
    const absl::StatusOr<FoldStep> step = MakeMethod(spec)->Fold(input(), base_, {});
    EXPECT_THAT(step, IsOk());
    std::vector<std::vector<int32_t>> ids;
    for (const engine::Row& row : step->more_rows) ids.push_back(row.token_ids);
    return ids;
  }

  // With the rows' F in their order.
  TokenScores Scores(const MethodSpec& spec, const std::vector<float>& values) {
    std::vector<engine::RowResult> rows(values.size());
    for (size_t i = 0; i < values.size(); ++i) rows[i].prediction.target_value = values[i];
    absl::StatusOr<FoldStep> step = MakeMethod(spec)->Fold(input(), base_, rows);
    EXPECT_THAT(step, IsOk());
    EXPECT_THAT(step->more_rows, IsEmpty());
    return std::move(step->scores);
  }

  int32_t id(size_t token) const { return encoding_.tokens[token].id; }

  const engine::ModelCard model_ = testing::ClassifierCard();
  text::Encoding encoding_;
  engine::Row row_;
  engine::RowResult base_;
};

TEST_F(LeaveOneOutTest, PutsTheMaskInPlaceOfEachTokenButTheSpecialOnes) {
  EXPECT_THAT(
      IdsOf(SequentialIntegratedGradientsSpec{}),
      ElementsAre(ElementsAre(1, kMask, id(2), id(3), id(4), 2), ElementsAre(1, id(1), kMask, id(3), id(4), 2),
                  ElementsAre(1, id(1), id(2), kMask, id(4), 2), ElementsAre(1, id(1), id(2), id(3), kMask, 2)));
  EXPECT_EQ(IdsOf(OcclusionSpec{}), IdsOf(SequentialIntegratedGradientsSpec{}));
}

TEST_F(LeaveOneOutTest, TakesWholeWordsOutAsAsked) {
  EXPECT_THAT(IdsOf(OcclusionSpec{Granularity::kWord, Replacement::kUnknown}),
              ElementsAre(ElementsAre(1, kUnknown, kUnknown, kUnknown, id(4), 2),
                          ElementsAre(1, id(1), id(2), id(3), kUnknown, 2)));
  EXPECT_THAT(IdsOf(OcclusionSpec{Granularity::kWord, Replacement::kDelete}),
              ElementsAre(ElementsAre(1, id(4), 2), ElementsAre(1, id(1), id(2), id(3), 2)));
}

TEST_F(LeaveOneOutTest, TheRowsExplainTheClassOfTheWholeInputAndWantNothingElse) {
  const absl::StatusOr<FoldStep> step = MakeMethod(OcclusionSpec{})->Fold(input(), base_, {});
  ASSERT_THAT(step, IsOk());
  for (const engine::Row& row : step->more_rows) {
    EXPECT_EQ(row.target.class_index, 1);
    EXPECT_FALSE(row.wanted.needs_backward());
    EXPECT_EQ(row.type_ids.size(), row.token_ids.size());
  }
}

TEST_F(LeaveOneOutTest, ScoresAreWhatIsLostSharedByAWordsTokens) {
  const TokenScores words = Scores(OcclusionSpec{.unit = Granularity::kWord}, {4, 12});
  EXPECT_THAT(words.scores, ElementsAre(0, FloatEq(2), FloatEq(2), FloatEq(2), FloatEq(-2), 0));
  EXPECT_TRUE(words.card.is_signed);
  EXPECT_EQ(words.card.replacement, Replacement::kMask);
  EXPECT_EQ(words.card.units, 2u);

  EXPECT_THAT(Scores(SequentialIntegratedGradientsSpec{}, {9, 8, 7, 14}).scores, ElementsAre(0, 1, 2, 3, -4, 0));
}

TEST_F(LeaveOneOutTest, ExpectsARowAUnit) {
  EXPECT_EQ(MakeMethod(OcclusionSpec{})->Expect(input()).rows, 4u);
  EXPECT_EQ(MakeMethod(OcclusionSpec{.unit = Granularity::kWord})->Expect(input()).rows, 2u);
}

TEST_F(LeaveOneOutTest, RefusesATokenThatTheVocabularyLacks) {
  EXPECT_THAT(MakeMethod(OcclusionSpec{.replacement = Replacement::kPad})->Check(input()),
              StatusIs(absl::StatusCode::kInvalidArgument, "replacement: is PAD, which this model's vocabulary lacks"));
  EXPECT_THAT(MakeMethod(SequentialIntegratedGradientsSpec{Replacement::kPad})->Check(input()),
              StatusIs(absl::StatusCode::kInvalidArgument, "baseline: is PAD, which this model's vocabulary lacks"));
  EXPECT_THAT(MakeMethod(SequentialIntegratedGradientsSpec{Replacement::kDelete})->Check(input()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "baseline: must be MASK, PAD or UNKNOWN: there is no path to a token left out"));
}

TEST_F(LeaveOneOutTest, WithoutAMaskTokensAreDeleted) {
  const MethodInput plain = {model_, encoding_, {}, row_};
  EXPECT_EQ(LeaveOneOut(plain, Granularity::kToken, Replacement::kDefault).replacement(), Replacement::kDelete);
}

TEST_F(LeaveOneOutTest, TheOnlyTokenIsNotDeleted) {
  encoding_ = *testing::FakeTokenizer().FromIds({7});
  row_ = RowOfTokens(encoding_);
  const OcclusionSpec spec = {.replacement = Replacement::kDelete};

  EXPECT_THAT(IdsOf(spec), IsEmpty());
  EXPECT_THAT(Scores(spec, {}).scores, ElementsAre(0));
  EXPECT_THAT(IdsOf(OcclusionSpec{}), SizeIs(1)) << "masked it can be";
}

}  // namespace
}  // namespace limpid::explain
