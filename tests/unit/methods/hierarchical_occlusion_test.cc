#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/status_matchers.h"
#include "unit/methods/made_up_game.h"

namespace limpid::methods {
namespace {

using testing::Additive;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::MadeUpGame;
using testing::MakeMethod;
using testing::MethodCase;
using ::testing::Pointwise;
using testing::StatusIs;

// Three sentences, the first of one word: [CLS] no. | un-believ-able news. | go on. [SEP]
constexpr char kText[] = "no. un-believ-able news. go on.";

TEST(HierarchicalOcclusion, GoesIntoTheSentencesAndWordsThatMatter) {
  // Worth 1 | 2 + 4 + 8, 16 | 32, 64.
  MadeUpGame game(kText, Additive);
  const explain::TokenScores scores = game.Play("occlusion { hierarchical: true min_share: 0.3 }");
  // The first sentence stays whole. The second is 30 of 96: its words are gone into, where 14 and 16 are less than 0.3
  // of 64 = 19.2 and stay whole. "on." is a word of one token.
  EXPECT_THAT(scores.scores, ElementsAre(0, FloatEq(1), FloatEq(14 / 3.0f), FloatEq(14 / 3.0f), FloatEq(14 / 3.0f),
                                         FloatEq(16), FloatEq(32), FloatEq(64), 0));
  EXPECT_EQ(game.num_rows(), 3u + 4u);
  EXPECT_EQ(scores.card.units, 7u);
  EXPECT_EQ(scores.card.form, "hierarchical");
}

TEST(HierarchicalOcclusion, OfAllThatMattersIsPlainOcclusion) {
  MadeUpGame game(kText, [](const std::vector<bool>& stands) { return Additive(stands) * (stands[4] ? 1 : 0.5); });
  for (const std::string unit : {"GRANULARITY_TOKEN", "GRANULARITY_WORD"}) {
    const std::vector<float> plain = game.Play("occlusion { unit: " + unit + " }").scores;
    EXPECT_EQ(game.Play("occlusion { hierarchical: true min_share: 1e-6 unit: " + unit + " }").scores, plain);
  }
}

TEST(HierarchicalOcclusion, RunsNoUnitTwice) {
  MadeUpGame game(kText, Additive);
  game.Play("occlusion { hierarchical: true min_share: 1e-6 }");
  // Three sentences, four words in two of them, three tokens in one of these.
  EXPECT_EQ(game.num_rows(), 3u + 4u + 3u);
  EXPECT_EQ(MakeMethod("occlusion { hierarchical: true }")->Expect(game.text().input()).at(0).rows, 10u);
}

TEST(HierarchicalOcclusion, OfOneSentenceBeginsWithItsWords) {
  MadeUpGame game("one two-three", Additive);
  EXPECT_THAT(game.Play("occlusion { hierarchical: true }").scores, ElementsAre(0, 1, 2, 4, 0));
  EXPECT_THAT(game.text().rows[0].token_ids[1], testing::FakeTokenizer::kMask);
  EXPECT_EQ(game.num_rows(), 2u + 2u);
}

TEST(HierarchicalOcclusion, RefusesUnitsAndSharesThatMeanNothing) {
  const MethodCase text(3);
  EXPECT_THAT(
      text.Check("occlusion { min_share: 0.5 }"),
      StatusIs(absl::StatusCode::kInvalidArgument, "methods[0].occlusion.min_share: only together with hierarchical"));
  EXPECT_THAT(
      text.Check("occlusion { hierarchical: true min_share: 1.5 }"),
      StatusIs(absl::StatusCode::kInvalidArgument, "methods[0].occlusion.min_share: is 1.5, must be in [1e-06, 1]"));
  EXPECT_THAT(text.Check("occlusion { hierarchical: true unit: GRANULARITY_SPAN }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "methods[0].occlusion.unit: must be TOKEN or WORD with hierarchical: the way down begins with "
                       "sentences"));
}

}  // namespace
}  // namespace limpid::methods
