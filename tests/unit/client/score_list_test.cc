#include "lib/render/score_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "lib/render/bars.h"
#include "lib/render/head_grid.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;

const Palette kPlain(ColorMode::kNone);
const Palette kColor(ColorMode::k256);
const SentTexts kTexts{kSampleText, ""};

v1::Attribution Sample(const std::vector<float>& scores, bool is_signed = false) {
  return SampleAttribution(0, scores, is_signed).attribution();
}

std::string List(const v1::Attribution& attribution, std::optional<size_t> top = std::nullopt,
                 const SentTexts& texts = kTexts) {
  return ScoreList(attribution, texts, SamplePrediction().prediction(), top, kPlain);
}

TEST(ScoreList, AllPiecesInTheOrderOfTheText) {
  EXPECT_EQ(List(Sample({9, 1, 0, 4, 2, 0})),
            "  no    ██████                         1.000\n"
            "  ,                                        0\n"
            "  not   ████████████████████████       4.000\n"
            "  paid  ████████████                   2.000\n");
}

TEST(ScoreList, TopListsTheStrongestFirstWhateverTheirSign) {
  EXPECT_EQ(List(Sample({9, 1, 0, -4, 2, 0}, true), 2),
            "  not   ████████████│                  -4.000\n"
            "  paid              │██████            +2.000\n");
  EXPECT_EQ(List(Sample({9, 1, 0, 4, 2, 0}), 0), "");
}

TEST(ScoreList, BesideAHeatmapOnlyTheStrongest) {
  v1::Attribution attribution = Sample({9, 1, 0, 4, 2, 0});
  for (int i = 0; i < 4; ++i) {
    attribution.add_scores(0.5f);
    *attribution.add_units() = attribution.units(1);
  }
  const std::string list = ScoreList(attribution, kTexts, SamplePrediction().prediction(), std::nullopt, kColor);

  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 5);
  EXPECT_LT(list.find("not"), list.find("paid"));
}

TEST(ScoreList, OfALongTextOnlyTheTwentyStrongest) {
  v1::Attribution attribution = Sample({9, 1, 0, 4, 2, 0});
  for (int i = 0; i < 40; ++i) {
    attribution.add_scores(0.5f);
    *attribution.add_units() = attribution.units(1);
  }
  const std::string list = List(attribution);

  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 20);
  EXPECT_EQ(list.find("not"), 2u);
}

TEST(ScoreList, WideCharactersKeepTheColumns) {
  v1::Attribution attribution = Sample({9, 1, 0, 4, 2, 0});
  attribution.mutable_units(1)->set_end_byte(9);
  attribution.mutable_units(3)->set_begin_byte(9);
  attribution.mutable_units(3)->set_end_byte(12);
  attribution.mutable_units(4)->set_begin_byte(15);
  attribution.mutable_units(4)->set_end_byte(19);

  EXPECT_EQ(List(attribution, 3, {"日本語not   paid", ""}),
            "  not     ████████████████████████       4.000\n"
            "  paid    ████████████                   2.000\n"
            "  日本語  ██████                         1.000\n");
}

TEST(ScoreList, ControlCharactersAreEscapedAndEmptyPiecesShowTheirToken) {
  v1::Attribution attribution = Sample({9, 1, 0, 4, 2, 0});
  attribution.mutable_units(3)->set_end_byte(4);

  const std::string list = List(attribution, std::nullopt, {"\x1b[, not paid", ""});

  EXPECT_NE(list.find("  \\x1b[  "), std::string::npos) << list;
  EXPECT_NE(list.find("  not "), std::string::npos) << "the spelling of the token without text";
}

TEST(ScoreList, NumbersHaveTheDigitsOfTheLargest) {
  EXPECT_THAT(List(Sample({0, 12345, 0, 2, 0.25f, 0})), HasSubstr(" 12345\n"));
  EXPECT_THAT(List(Sample({0, 12345, 0, 2, 0.25f, 0})), HasSubstr(" 2\n"));
  EXPECT_THAT(List(Sample({0, 0.0123456f, 0, 0.001f, 0, 0})), HasSubstr(" 0.00100\n"));
  EXPECT_THAT(List(Sample({0, 1.5e-9f, 0, 1e-12f, 0, 0})), HasSubstr(" 1.000e-12\n"));
}

TEST(ScoreList, NoScoresAreNoLines) { EXPECT_EQ(List(v1::Attribution()), ""); }

TEST(ScoreList, ScoresOfZeroHaveNoBar) { EXPECT_EQ(List(Sample({0, 0, 0, 0, 0, 0})).find("█"), std::string::npos); }

TEST(SpecialTokensLine, NamesThemAndTheirShare) {
  const v1::Prediction prediction = SamplePrediction().prediction();

  EXPECT_EQ(SpecialTokensLine(Sample({9, 1, 0, 4, 2, 0}), prediction, kPlain),
            "  special tokens: [CLS] 9.000, [SEP] 0 (56.2 % of all)\n");
  EXPECT_EQ(SpecialTokensLine(Sample({-9, 1, 0, 4, -4, 0}, true), prediction, kPlain),
            "  special tokens: [CLS] -9.000, [SEP] 0 (50.0 % of all)\n");
  EXPECT_EQ(SpecialTokensLine(v1::Attribution(), prediction, kPlain), "");
}

TEST(Bar, GrowsByHalfColumnsAndShowsTheSmallest) {
  EXPECT_EQ(Bar(0, 4), "");
  EXPECT_EQ(Bar(0.001, 4), "▌");
  EXPECT_EQ(Bar(0.375, 4), "█▌");
  EXPECT_EQ(Bar(1, 4), "████");
  EXPECT_EQ(Bar(7, 4), "████");
  EXPECT_EQ(TwoSidedBar(0.375, 4), "    │█▌  ");
  EXPECT_EQ(TwoSidedBar(-0.375, 4), "  ▐█│    ");
}

TEST(Percent, NeverRoundsToCertainty) {
  EXPECT_EQ(Percent(0.9526), "95.3 %");
  EXPECT_EQ(Percent(0.99999), ">99.9 %");
  EXPECT_EQ(Percent(0.00001), "<0.1 %");
  EXPECT_EQ(Percent(1), "100.0 %");
  EXPECT_EQ(Percent(0), "0.0 %");
}

TEST(HeadGrid, ShowsEachHeadAsAPercentageOfTheLargest) {
  EXPECT_EQ(HeadGrid(SampleHeads(0).attribution().heads(), kPlain),
            "  % of the largest: 2, layer 1 head 0\n"
            "  layer \\ head   0   1\n"
            "             0  25  12\n"
            "             1 100   0\n");
  EXPECT_EQ(HeadGrid(v1::HeadScores(), kPlain), "  No scores.\n");
}

}  // namespace
}  // namespace limpid::client
