#include "lib/compare/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/render/comparison_report.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;

v1::Attribution Scored(const std::vector<float>& scores, bool is_signed = false, uint32_t index = 0) {
  return SampleAttribution(index, scores, is_signed).attribution();
}

// "no, not paid": saliency and gradient x input, and the importance of heads.
Comparison SampleComparison() {
  Comparison comparison;
  comparison.request = SampleRequest(3);
  comparison.top = 2;
  AddAnswer(*Gather(comparison.request, {SamplePrediction(), SampleAttribution(0, {9, 1, 0, 4, 2, 0}),
                                         SampleAttribution(1, {0, -3, 0.5f, 1, 2, 7}, /*is_signed=*/true),
                                         SampleHeads(2), SampleSummary()}),
            {"saliency", "gradient_x_input", "head_importance"}, &comparison);
  return comparison;
}

TEST(CompareScores, LeavesSpecialTokensOut) {
  const Agreement agreement = CompareScores(Scored({9, 1, 2, 3, 4, 0}), Scored({0, 10, 20, 30, 40, 9}), 2);

  EXPECT_EQ(agreement.shared_pieces, 4u);
  EXPECT_THAT(agreement.rank_correlation, Optional(1.0));
  EXPECT_THAT(agreement.top_in_common, Optional(2u));
}

TEST(CompareScores, HoldsSizesAgainstSizesWhereOnlyOneHasSigns) {
  const v1::Attribution sizes = Scored({0, 1, 2, 3, 4, 0});
  const v1::Attribution with_signs = Scored({0, -1, 2, -3, 4, 0}, /*is_signed=*/true);

  EXPECT_TRUE(CompareScores(sizes, with_signs, 2).of_sizes);
  EXPECT_THAT(CompareScores(sizes, with_signs, 2).rank_correlation, Optional(1.0));
  const v1::Attribution all_positive = Scored({0, 1, 2, 3, 4, 0}, /*is_signed=*/true);
  EXPECT_FALSE(CompareScores(all_positive, with_signs, 2).of_sizes);
  // Ranks 1 2 3 4 against 2 3 1 4.
  EXPECT_NEAR(*CompareScores(all_positive, with_signs, 2).rank_correlation, 0.4, 1e-12);
}

TEST(CompareScores, KnowsOnlyPiecesWithTheSamePlace) {
  v1::Attribution other = Scored({0, 1, 2, 3, 4, 0});
  other.mutable_units(2)->set_end_byte(4);

  EXPECT_EQ(CompareScores(Scored({0, 1, 2, 3, 4, 0}), other, 2).shared_pieces, 3u);
}

TEST(CompareScores, SaysNothingWhereThereIsNothingToSay) {
  const Agreement agreement = CompareScores(Scored({0, 1, 1, 1, 1, 0}), Scored({0, 1, 2, 3, 4, 0}), 4);

  EXPECT_EQ(agreement.rank_correlation, std::nullopt);
  EXPECT_EQ(agreement.top_in_common, std::nullopt) << "four of four pieces are always the same";
}

TEST(CompareScores, TheTopIsBySize) {
  EXPECT_THAT(CompareScores(Scored({0, -9, 1, 2, 8, 0}, true), Scored({0, 9, 2, 1, 8, 0}, true), 2).top_in_common,
              Optional(2u));
  EXPECT_THAT(CompareScores(Scored({0, 9, 8, 1, 1, 0}), Scored({0, 1, 8, 9, 1, 0}), 2).top_in_common, Optional(1u));
}

TEST(StrongestPieces, AreTextOnlyTheStrongestFirst) {
  EXPECT_THAT(StrongestPieces(Scored({9, 1, -5, 3, 3, 9}, true), 3), ElementsAre(2, 3, 4));
}

TEST(ComparisonReport, HasARowAMethodAndHowFarTheyAgree) {
  const std::string report = ComparisonReport(SampleComparison(), Palette(ColorMode::kNone), 100);

  EXPECT_THAT(report, HasSubstr("\n 1 saliency          not 4.000, paid 2.000\n"
                                " 2 gradient_x_input  no -3.000, paid +2.000\n"));
  EXPECT_THAT(report, HasSubstr("\nrank correlation (Spearman)       1       2\n"
                                " 1 saliency                            0.20\n"
                                " 2 gradient_x_input            0.20\n"
                                "   of sizes, where only one of two has signs\n"));
  EXPECT_THAT(report, HasSubstr("\nin common of the top 2       1       2\n"
                                " 1 saliency                        1/2\n"
                                " 2 gradient_x_input        1/2\n"
                                "   of the 4 pieces of text that both have\n"));
  EXPECT_THAT(report, HasSubstr("head_importance is left out: it gives pieces of the text no scores.\n"));
  EXPECT_THAT(report, Not(HasSubstr("quality")));
}

TEST(ComparisonReport, InColourTheTextItselfStandsBesideEachName) {
  const std::string report = ComparisonReport(SampleComparison(), Palette(ColorMode::k256), 100);

  EXPECT_THAT(report, HasSubstr("\x1b[1m 1 saliency        \x1b[0m  \x1b[48;5;"));
}

TEST(ComparisonReport, QualityStandsSideBySide) {
  Comparison comparison = SampleComparison();
  for (const uint32_t method : {0u, 1u}) {
    v1::QualityReport& report = comparison.answers[0].quality.emplace_back();
    report.set_method_index(method);
    v1::QualityValue* value = report.add_values();
    value->set_metric(v1::Quality::METRIC_SUFFICIENCY);
    value->set_value(method == 0 ? 0.125f : 0.5f);
    value->set_beats_random(method == 0);
  }

  EXPECT_THAT(ComparisonReport(comparison, Palette(ColorMode::kNone), 100),
              HasSubstr("\nquality                           1       2  better\n"
                        "   sufficiency               0.125*     0.5  lower\n"));
}

TEST(ComparisonReport, TwoModelsWithTwoTargetsAreSaidToBe) {
  Comparison comparison;
  comparison.request = SampleRequest();
  for (const char* model : {"first", "second"}) {
    v1::ExplainResponse prediction = SamplePrediction(), summary = SampleSummary();
    prediction.mutable_prediction()->mutable_target()->set_description(model);
    summary.mutable_summary()->mutable_model()->set_name(model);
    AddAnswer(*Gather(comparison.request, {prediction, SampleAttribution(0, {0, 1, 2, 3, 4, 0}), summary}), {model},
              &comparison);
  }
  const std::string report = ComparisonReport(comparison, Palette(ColorMode::kNone), 100);

  EXPECT_THAT(report, HasSubstr("model       first\n"));
  EXPECT_THAT(report, HasSubstr("\n 2 second  paid 4.000"));
  EXPECT_THAT(report, HasSubstr("the models explain different targets"));
}

TEST(ComparisonJson, HasTheTablesAndTheWholeAnswers) {
  const Json json = ComparisonJson(SampleComparison());

  EXPECT_EQ(json["rows"][1], Json({{"name", "gradient_x_input"}, {"answer", 0}, {"attribution", 1}}));
  EXPECT_EQ(json["rank_correlations"][0][0], 1.0);
  EXPECT_EQ(json["top_in_common"][0][1], 1);
  EXPECT_EQ(json["without_scores"], Json::array({"head_importance"}));
  EXPECT_EQ(json["answers"][0]["attributions"].size(), 3u);
}

}  // namespace
}  // namespace limpid::client
