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
using testing::FakeTokenizer;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr int32_t kMask = FakeTokenizer::kMask, kUnknown = FakeTokenizer::kUnknown;

// "[CLS] un believ able news [SEP]": one word of three tokens, one of one.
class LeaveOneOutTest : public ::testing::Test {
 protected:
  LeaveOneOutTest() {
    engine::RowResult base;
    base.prediction.class_index = 1;
    base.prediction.target_value = 10;
    text_.With(base);
  }

  // With the rows' F in their order.
  explain::TokenScores Scores(const std::string& method, const std::vector<float>& values) {
    size_t next = 0;
    return text_.Explain(method, [&](const engine::Row&) {
      engine::RowResult result;
      result.prediction.target_value = values.at(next++);
      return result;
    });
  }

  // The ids of the rows that a method asks for.
  std::vector<std::vector<int32_t>> IdsOf(const std::string& method) {
    Scores(method, std::vector<float>(10, 0));
    std::vector<std::vector<int32_t>> ids;
    for (const engine::Row& row : text_.rows) ids.push_back(row.token_ids);
    text_.rows.clear();
    return ids;
  }
  int32_t id(size_t token) const { return text_.id(token); }

  MethodCase text_{"un-believ-able news"};
};

TEST_F(LeaveOneOutTest, PutsTheMaskInPlaceOfEachTokenButTheSpecialOnes) {
  EXPECT_THAT(
      IdsOf("sequential_integrated_gradients {}"),
      ElementsAre(ElementsAre(1, kMask, id(2), id(3), id(4), 2), ElementsAre(1, id(1), kMask, id(3), id(4), 2),
                  ElementsAre(1, id(1), id(2), kMask, id(4), 2), ElementsAre(1, id(1), id(2), id(3), kMask, 2)));
  EXPECT_EQ(IdsOf("occlusion {}"), IdsOf("sequential_integrated_gradients {}"));
}

TEST_F(LeaveOneOutTest, TakesWholeWordsOutAsAsked) {
  EXPECT_THAT(IdsOf("occlusion { unit: GRANULARITY_WORD replacement: REPLACEMENT_UNKNOWN }"),
              ElementsAre(ElementsAre(1, kUnknown, kUnknown, kUnknown, id(4), 2),
                          ElementsAre(1, id(1), id(2), id(3), kUnknown, 2)));
  EXPECT_THAT(IdsOf("occlusion { unit: GRANULARITY_WORD replacement: REPLACEMENT_DELETE }"),
              ElementsAre(ElementsAre(1, id(4), 2), ElementsAre(1, id(1), id(2), id(3), 2)));
}

TEST_F(LeaveOneOutTest, KeepsTheOthersPlacesOrPutsAVectorInTheirs) {
  Scores("occlusion { unit: GRANULARITY_WORD replacement: REPLACEMENT_ATTENTION }", {0, 0});
  EXPECT_THAT(text_.rows[0].positions, ElementsAre(0, 4, 5));
  EXPECT_THAT(text_.rows[0].token_ids, ElementsAre(1, id(4), 2));

  text_.rows.clear();
  Scores("sequential_integrated_gradients { baseline: REPLACEMENT_ZERO }", {0, 0, 0, 0});
  ASSERT_TRUE(text_.rows[1].alteration.has_value());
  const engine::Alteration& alteration = *text_.rows[1].alteration;
  EXPECT_EQ(alteration.at, engine::AttachPoint::kWordEmbedding);
  EXPECT_THAT(alteration.alpha, ElementsAre(1, 1, 0, 1, 1, 1));
  EXPECT_THAT(alteration.baseline->ids, ElementsAre(1, id(1), engine::Baseline::kZero, id(3), id(4), 2));
}

TEST_F(LeaveOneOutTest, TheRowsExplainTheClassOfTheWholeInputAndWantNothingElse) {
  Scores("occlusion {}", {0, 0, 0, 0});
  for (const engine::Row& row : text_.rows) {
    EXPECT_EQ(row.target.class_index, 1);
    EXPECT_FALSE(row.wanted.needs_backward());
    EXPECT_EQ(row.type_ids.size(), row.token_ids.size());
  }
}

TEST_F(LeaveOneOutTest, ScoresAreWhatIsLostSharedByAWordsTokens) {
  const explain::TokenScores words = Scores("occlusion { unit: GRANULARITY_WORD }", {4, 12});
  EXPECT_THAT(words.scores, ElementsAre(0, FloatEq(2), FloatEq(2), FloatEq(2), FloatEq(-2), 0));
  EXPECT_TRUE(words.card.is_signed);
  EXPECT_EQ(words.card.replacement, explain::Replacement::kMask);
  EXPECT_EQ(words.card.units, 2u);

  EXPECT_THAT(Scores("sequential_integrated_gradients {}", {9, 8, 7, 14}).scores, ElementsAre(0, 1, 2, 3, -4, 0));
}

TEST_F(LeaveOneOutTest, ExpectsARowAUnit) {
  const auto rows = [&](const char* method) { return testing::MakeMethod(method)->Expect(text_.input()).at(0).rows; };
  EXPECT_EQ(rows("occlusion {}"), 4u);
  EXPECT_EQ(rows("occlusion { unit: GRANULARITY_WORD }"), 2u);
}

TEST_F(LeaveOneOutTest, RefusesATokenThatTheVocabularyLacks) {
  EXPECT_THAT(text_.Check("occlusion { replacement: REPLACEMENT_PAD }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "replacement: is PAD, which this model's vocabulary lacks"));
  EXPECT_THAT(text_.Check("sequential_integrated_gradients { baseline: REPLACEMENT_PAD }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "baseline: is PAD, which this model's vocabulary lacks"));
  EXPECT_THAT(text_.Check("sequential_integrated_gradients { baseline: REPLACEMENT_DELETE }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "methods[0].sequential_integrated_gradients.baseline: must be MASK, PAD, UNKNOWN, ZERO or MEAN: "
                       "there is no path to a token left out"));
}

TEST_F(LeaveOneOutTest, TheOnlyTokenIsNotDeleted) {
  text_ = MethodCase(1);
  text_.With({});
  const std::string method = "occlusion { replacement: REPLACEMENT_DELETE }";

  EXPECT_THAT(IdsOf(method), IsEmpty());
  EXPECT_THAT(Scores(method, {}).scores, ElementsAre(0));
  EXPECT_THAT(IdsOf("occlusion {}"), SizeIs(1)) << "masked it can be";
}

}  // namespace
}  // namespace limpid::methods
