#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>

#include "support/status_matchers.h"
#include "unit/methods/made_up_game.h"

namespace limpid::methods {
namespace {

using testing::Additive;
using testing::AllOrNothing;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using testing::MadeUpGame;
using testing::MakeMethod;
using testing::MethodCase;
using ::testing::Pointwise;
using testing::StatusIs;

constexpr char kFourWords[] = "one two three four";
constexpr char kTwelveWords[] = "a b c d e f g h i j k l";
const std::vector<std::string> kShapley = {"kernel_shap {}", "kernel_shap { samples: 8 }", "partition_shap {}"};

auto AreNear(float tolerance, const std::vector<float>& wanted) { return Pointwise(FloatNear(tolerance), wanted); }

double Sum(const std::vector<float>& scores) { return std::accumulate(scores.begin(), scores.end(), 0.0); }

uint32_t RowsExpected(const std::string& method, MadeUpGame* game) {
  uint32_t rows = 0;
  for (const explain::Forecast& forecast : MakeMethod(method)->Expect(game->text().input())) rows += forecast.rows;
  return rows;
}

TEST(ShapleyMethods, GiveEachWordOfASumItsOwnShare) {
  MadeUpGame game(kFourWords, Additive);
  for (const std::string& method : kShapley) {
    EXPECT_THAT(game.Play(method).scores, AreNear(1e-5f, {0, 1, 2, 4, 8, 0})) << method;
  }
}

TEST(ShapleyMethods, ShareAProductEqually) {
  MadeUpGame game(kFourWords, AllOrNothing);
  EXPECT_THAT(game.Play("kernel_shap {}").scores, AreNear(1e-5f, {0, 3, 3, 3, 3, 0}));
  EXPECT_THAT(game.Play("partition_shap {}").scores, AreNear(1e-5f, {0, 3, 3, 3, 3, 0}));
}

TEST(ShapleyMethods, GiveAWordThatChangesNothingNothing) {
  MadeUpGame game(kFourWords,
                  [](const std::vector<bool>& stands) { return 5 + 3.0 * stands[1] * stands[3] - stands[4]; });
  for (const char* method : {"kernel_shap {}", "partition_shap {}"}) {
    EXPECT_THAT(game.Play(method).scores, AreNear(1e-5f, {0, 1.5f, 0, 1.5f, -1, 0})) << method;
  }
}

TEST(ShapleyMethods, SumToWhatAllWordsAreWorthAndSaySo) {
  MadeUpGame game(kTwelveWords, [](const std::vector<bool>& stands) {
    return 1 + Additive(stands) * (stands[3] ? 0.25 : -0.5) + AllOrNothing(stands);
  });
  for (const char* method :
       {"kernel_shap { samples: 14 }", "kernel_shap { samples: 100 }", "kernel_shap { samples: 4096 }",
        "partition_shap { max_evaluations: 1 }", "partition_shap { max_evaluations: 20 }", "partition_shap {}"}) {
    const explain::TokenScores scores = game.Play(method);
    const double worth = 4095 * 0.25 + 12;
    EXPECT_NEAR(Sum(scores.scores), worth, 1e-3) << method;
    ASSERT_TRUE(scores.card.completeness.has_value());
    EXPECT_FLOAT_EQ(scores.card.completeness->value, static_cast<float>(1 + worth));
    EXPECT_FLOAT_EQ(scores.card.completeness->baseline_value, 1);
    EXPECT_LT(scores.card.completeness->error, 1e-6);
    EXPECT_TRUE(scores.card.is_signed);
    EXPECT_EQ(scores.card.units, 12u);
  }
}

TEST(KernelShap, IsExactWhereAllCoalitionsAreAffordable) {
  MadeUpGame game(kFourWords, AllOrNothing);
  const explain::MethodCard card = game.Play("kernel_shap { samples: 16 seed: 7 }").card;
  EXPECT_EQ(card.form, "exact");
  EXPECT_EQ(card.seed, std::nullopt);
  EXPECT_EQ(game.num_rows(), 15u) << "the input itself is there";
}

TEST(KernelShap, OfAPairIsNearTheExactValuesAndNearerWithMoreSamples) {
  // 12 for the first two together, which is 6 each.
  MadeUpGame game(kTwelveWords, [](const std::vector<bool>& stands) { return 12.0 * stands[1] * stands[2]; });
  const auto error = [&](const std::string& samples) {
    double sum = 0;
    for (int seed = 1; seed <= 20; ++seed) {
      const std::vector<float> scores =
          game.Play("kernel_shap { samples: " + samples + " seed: " + std::to_string(seed) + "}").scores;
      for (size_t t = 1; t <= 12; ++t) sum += std::abs(scores[t] - (t <= 2 ? 6 : 0));
    }
    return sum / (20 * 12);
  };
  const double with_few = error("40"), with_many = error("1000");
  EXPECT_LT(with_many, 0.1);
  EXPECT_GT(with_few, 2 * with_many);
}

TEST(KernelShap, TwoWordsThatPlayTheSamePartGetTheSame) {
  MadeUpGame game(kFourWords, [](const std::vector<bool>& stands) { return 3.0 * stands[1] * stands[4] + stands[2]; });
  const std::vector<float> scores = game.Play("kernel_shap {}").scores;
  EXPECT_FLOAT_EQ(scores[1], scores[4]);
}

TEST(KernelShap, NamesTheLeastSamplesOfAnInput) {
  MadeUpGame game(kTwelveWords, Additive);
  EXPECT_THAT(game.text().Check("kernel_shap { samples: 13 }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "samples: is 13, must be at least 14 for the 12 units of this input"));
  EXPECT_TRUE(game.text().Check("kernel_shap { samples: 14 }").ok());
  EXPECT_TRUE(MadeUpGame("one", Additive).text().Check("kernel_shap { samples: 2 }").ok())
      << "all coalitions of one word";
}

TEST(PartitionShap, OwenValuesRespectTheHalves) {
  // Three words, of which the first is a half on its own: any two are worth 1. Shapley values would be a third each.
  MadeUpGame game("one two three",
                  [](const std::vector<bool>& stands) { return stands[1] + stands[2] + stands[3] >= 2 ? 1.0 : 0.0; });
  EXPECT_THAT(game.Play("kernel_shap {}").scores, AreNear(1e-6f, {0, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 0}));
  EXPECT_THAT(game.Play("partition_shap {}").scores, AreNear(1e-6f, {0, 0, 0.5f, 0.5f, 0}));
}

TEST(PartitionShap, GoesIntoWhatWeighsMostAndSharesTheRestEqually) {
  MadeUpGame game(kFourWords, Additive);
  const explain::TokenScores scores = game.Play("partition_shap { max_evaluations: 7 }");
  // One pass for nothing, two for the halves 3 and 12, four for the inside of the heavier one in its two contexts.
  EXPECT_THAT(scores.scores, AreNear(1e-5f, {0, 1.5f, 1.5f, 4, 8, 0}));
  EXPECT_EQ(scores.card.form, "part of the tree");
  EXPECT_EQ(game.num_rows(), 7u);

  EXPECT_THAT(game.Play("partition_shap { max_evaluations: 2 }").scores, ElementsAre(0, 3.75, 3.75, 3.75, 3.75, 0));
  EXPECT_EQ(game.Play("partition_shap { max_evaluations: 11 }").card.form, "whole tree");
}

TEST(Lime, OfASumNearsItsSharesAsTheRidgeFalls) {
  MadeUpGame game(kFourWords, Additive);
  const auto first = [&](const char* ridge) {
    return game.Play(std::string("lime { ridge: ") + ridge + " samples: 200 }").scores;
  };
  EXPECT_THAT(first("1e-6"), AreNear(1e-3f, {0, 1, 2, 4, 8, 0}));
  EXPECT_LT(Sum(first("10")), Sum(first("1")));
  EXPECT_LT(Sum(first("1")), 15);
}

TEST(Lime, SharesAWordsCoefficientByItsTokens) {
  MadeUpGame game("un-believ-able news", Additive);
  const std::vector<float> scores = game.Play("lime { ridge: 1e-6 }").scores;
  EXPECT_THAT(scores, AreNear(1e-3f, {0, 7 / 3.0f, 7 / 3.0f, 7 / 3.0f, 8, 0}));
}

TEST(SampledMethods, DependOnTheSeedAlone) {
  const auto value = [](const std::vector<bool>& stands) { return Additive(stands) * (stands[5] ? 1 : 0.1); };
  MadeUpGame game(kTwelveWords, value);
  for (const std::string name : {"lime", "kernel_shap"}) {
    const auto play = [&](int seed) { return game.Play(name + " { samples: 60 seed: " + std::to_string(seed) + " }"); };
    const explain::TokenScores scores = play(3);
    EXPECT_EQ(scores.scores, play(3).scores);
    EXPECT_NE(scores.scores, play(4).scores);
    EXPECT_EQ(scores.card.seed, 3u);
    EXPECT_EQ(scores.card.samples, 60u);
  }
}

TEST(Games, RunACoalitionOnceAndAskForManyInRounds) {
  MadeUpGame game(kTwelveWords, Additive);
  for (const char* method : {"lime { samples: 1000 }", "kernel_shap { samples: 1000 }", "kernel_shap { samples: 4096 }",
                             "partition_shap {}", "partition_shap { max_evaluations: 50 }"}) {
    game.Play(method);
    std::set<std::vector<int32_t>> distinct;
    for (const engine::Row& row : game.text().rows) distinct.insert(row.token_ids);
    EXPECT_EQ(distinct.size(), game.num_rows()) << method;
    EXPECT_EQ(game.num_rows(), RowsExpected(method, &game)) << method;
  }
}

TEST(Games, ATextOfSpecialTokensAloneHasNoScores) {
  MadeUpGame game("", Additive);
  for (const char* method : {"lime {}", "kernel_shap {}", "partition_shap {}", "occlusion {}"}) {
    EXPECT_THAT(game.Play(method).scores, ElementsAre(0, 0)) << method;
    EXPECT_EQ(game.num_rows(), 0u) << method;
    EXPECT_EQ(RowsExpected(method, &game), 0u) << method;
  }
}

TEST(Games, AnInputWithoutSpecialTokensKeepsSomeToken) {
  const MethodCase text(3);
  for (const std::string name : {"lime", "kernel_shap", "partition_shap"}) {
    EXPECT_THAT(
        text.Check(name + " { replacement: REPLACEMENT_DELETE }"),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "replacement: DELETE and ATTENTION leave nothing of an input without special tokens; choose MASK, "
                 "PAD, UNKNOWN, ZERO or MEAN"));
    EXPECT_TRUE(text.Check(name + " { replacement: REPLACEMENT_ZERO }").ok());
    EXPECT_THAT(
        text.Check(name + " { replacement: REPLACEMENT_PAD }"),
        StatusIs(absl::StatusCode::kInvalidArgument, "replacement: is PAD, which this model's vocabulary lacks"));
  }
}

TEST(Games, RefuseOptionsOutsideOfTheirRange) {
  const MethodCase text(3);
  EXPECT_THAT(text.Check("lime { samples: 1 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "methods[0].lime.samples: is 1, must be in [2, 8192]"));
  EXPECT_THAT(
      text.Check("lime { kernel_width: -1 }"),
      StatusIs(absl::StatusCode::kInvalidArgument, "methods[0].lime.kernel_width: is -1, must be in [0.01, 100]"));
  EXPECT_THAT(text.Check("partition_shap { max_evaluations: 8193 }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "methods[0].partition_shap.max_evaluations: is 8193, must be in [1, 8192]"));
}

}  // namespace
}  // namespace limpid::methods
