#include "quality/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "explain/method_runs.h"
#include "support/status_matchers.h"
#include "unit/quality/quality_case.h"

namespace limpid::quality {
namespace {

using explain::Metric;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using testing::IsOk;
using testing::MethodCase;
using testing::QualityCase;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kEveryOrderMetric[] =
    "metrics: [METRIC_COMPREHENSIVENESS, METRIC_SUFFICIENCY, METRIC_DELETION, METRIC_INSERTION, METRIC_LOG_ODDS, "
    "METRIC_NORMALIZED_DELETION, METRIC_SOFT_COMPREHENSIVENESS, METRIC_SOFT_SUFFICIENCY]";

bool HigherIsBetter(Metric metric) { return metric != Metric::kSufficiency && metric != Metric::kLogOdds; }

float P(double value) { return static_cast<float>(QualityCase::Chance(value)); }

TEST(BlockTest, TheDefaultBlockIsWhatItsDefinitionsSay) {
  // Five words: the bins are the top 1, 1, 1, 1 and 3.
  const QualityCase text(5, QualityCase::Sum({2, -1, 0.5, 0.25, -0.5}));
  const auto report = text.Measure("", {2, -1, 0.5, 0.25, 0});

  const float whole = P(1.25), without[] = {P(-0.75), P(-1.5)}, only[] = {P(2), P(2.75)};
  const explain::QualityValue& comprehensive = report.values.at(Metric::kComprehensiveness);
  EXPECT_THAT(comprehensive.value, FloatNear(whole - (4 * without[0] + without[1]) / 5, 1e-6f));
  EXPECT_THAT(comprehensive.curve, ElementsAre(without[0], without[0], without[0], without[0], without[1]));
  EXPECT_THAT(comprehensive.shares, ElementsAre(0.2f, 0.2f, 0.2f, 0.2f, 0.6f));
  EXPECT_THAT(report.values.at(Metric::kSufficiency).value, FloatNear(whole - (4 * only[0] + only[1]) / 5, 1e-6f));
  // The scores sum to 1.75, F differs by 1.25 from that of no word.
  EXPECT_THAT(report.values.at(Metric::kCompleteness).value, FloatNear(0.4f, 1e-6f));
  EXPECT_FALSE(report.values.at(Metric::kCompleteness).random_value.has_value());
  EXPECT_THAT(report.values, SizeIs(3));
}

TEST(BlockTest, CurvesAreTakenWordByWord) {
  const QualityCase text(3, QualityCase::Sum({1, 3, -2}));
  const auto report = text.Measure("metrics: [METRIC_DELETION, METRIC_INSERTION, METRIC_LOG_ODDS]", {1, 3, -2});

  const explain::QualityValue& deletion = report.values.at(Metric::kDeletion);
  EXPECT_THAT(deletion.curve, ElementsAre(P(-1), P(-2), P(0)));
  EXPECT_THAT(deletion.value, FloatNear(P(2) - (P(-1) + P(-2) + P(0)) / 3, 1e-6f));
  const explain::QualityValue& insertion = report.values.at(Metric::kInsertion);
  EXPECT_THAT(insertion.curve, ElementsAre(P(3), P(4), P(2)));
  EXPECT_THAT(insertion.value, FloatNear((P(3) + P(4) + P(2)) / 3, 1e-6f));
  EXPECT_THAT(report.values.at(Metric::kLogOdds).value, FloatNear(std::log(P(-1) / P(2)), 1e-5f));
}

TEST(BlockTest, AScoreTurnedRoundIsWorseByEveryMetricThatKnowsAnOrder) {
  const std::vector<double> weights = {3, -2, 1, 0.5, -0.25, 2, -1, 0.75};
  const QualityCase text(weights.size(), QualityCase::Sum(weights));
  std::vector<float> right(weights.begin(), weights.end()), wrong;
  for (float score : right) wrong.push_back(-score);

  const auto good = text.Measure(kEveryOrderMetric, right), bad = text.Measure(kEveryOrderMetric, wrong);

  ASSERT_THAT(good.values, SizeIs(8));
  for (const auto& [metric, value] : good.values) {
    const float other = bad.values.at(metric).value;
    EXPECT_TRUE(HigherIsBetter(metric) ? value.value > other : value.value < other) << static_cast<int>(metric);
    EXPECT_TRUE(value.beats_random) << static_cast<int>(metric);
    EXPECT_FALSE(bad.values.at(metric).beats_random) << static_cast<int>(metric);
    // The soft metrics' orders are the same too, but not the scores that are dealt by them.
    if (metric == Metric::kSoftComprehensiveness || metric == Metric::kSoftSufficiency) continue;
    EXPECT_EQ(value.random_value, bad.values.at(metric).random_value) << static_cast<int>(metric);
  }
}

TEST(BlockTest, InfidelityAndCompletenessAreNothingForScoresThatAreTheGame) {
  const char quality[] = "metrics: [METRIC_INFIDELITY, METRIC_COMPLETENESS] samples: 32 random_orders: 4";
  const QualityCase text(6, QualityCase::Sum({3, -2, 1, 0.5, -0.25, 2}));
  const auto good = text.Measure(quality, {3, -2, 1, 0.5, -0.25, 2});
  EXPECT_LT(good.values.at(Metric::kInfidelity).value, 1e-6f);
  EXPECT_TRUE(good.values.at(Metric::kInfidelity).beats_random);
  EXPECT_LT(good.values.at(Metric::kCompleteness).value, 1e-6f);

  // The scale of the scores is free, their share is not.
  const auto scaled = text.Measure(quality, {30, -20, 10, 5, -2.5, 20});
  EXPECT_LT(scaled.values.at(Metric::kInfidelity).value, 1e-6f);
  EXPECT_THAT(scaled.values.at(Metric::kCompleteness).value, FloatNear(9, 1e-4f));
  const auto bad = text.Measure(quality, {-2, 3, -0.25, 2, 1, 0.5});
  EXPECT_GT(bad.values.at(Metric::kInfidelity).value, 0.1f);
  EXPECT_LE(bad.values.at(Metric::kInfidelity).value, 1.0f) << "with the best scale no scores are worse than none";
}

TEST(BlockTest, TheBestOfAllOrdersIsOneAndTheWorstIsNothing) {
  // The second word counts only beside the first.
  const QualityCase text(
      4, [](const std::vector<double>& parts) { return parts[0] * (1 + 2 * parts[1]) - parts[2] + 0.5 * parts[3]; });
  const char quality[] = "metrics: METRIC_NORMALIZED_DELETION beam_width: 32";
  std::vector<float> scores = {1, 2, 3, 4}, values;
  do {
    values.push_back(text.Measure(quality, scores).values.at(Metric::kNormalizedDeletion).value);
  } while (std::ranges::next_permutation(scores).found);
  EXPECT_THAT(*std::ranges::max_element(values), FloatNear(1, 1e-6f));
  EXPECT_THAT(*std::ranges::min_element(values), FloatNear(0, 1e-6f));
}

TEST(BlockTest, SoftMetricsTakeElementsByScore) {
  const QualityCase text(3, QualityCase::Sum({2, 1, 0.5}));
  const auto report =
      text.Measure("metrics: [METRIC_SOFT_COMPREHENSIVENESS, METRIC_SOFT_SUFFICIENCY] samples: 2", {5, 3, 1});

  // Scaled: 1, 1/2, 0.
  const double loss = P(3.5) - P(0);
  EXPECT_THAT(report.values.at(Metric::kSoftSufficiency).value, FloatNear(1 - (P(3.5) - P(2.5)) / loss, 1e-5f));
  EXPECT_THAT(report.values.at(Metric::kSoftComprehensiveness).value, FloatNear((P(3.5) - P(1)) / loss, 1e-5f));
  for (const engine::Row& row : report.rows) {
    EXPECT_EQ(row.alteration->noise->keep.front(), 1) << "special tokens stay";
    EXPECT_EQ(row.alteration->noise->keep.back(), 1);
  }
}

TEST(BlockTest, ATieIsNotBetter) {
  const QualityCase text(4, QualityCase::Sum({1, 1, 1, 1}));
  const auto report = text.Measure(kEveryOrderMetric, {1, 1, 1, 1});
  for (const auto& [metric, value] : report.values) {
    EXPECT_THAT(*value.random_value, FloatNear(value.value, 1e-5f)) << static_cast<int>(metric);
    EXPECT_FALSE(value.beats_random) << static_cast<int>(metric);
  }
}

TEST(BlockTest, MetricsTogetherCostHardlyMoreThanTheDearest) {
  const QualityCase text(20, QualityCase::Sum(std::vector<double>(20, 0.1)));
  std::vector<float> scores(20);
  std::iota(scores.begin(), scores.end(), 0.f);
  const char together[] = "metrics: [METRIC_COMPREHENSIVENESS, METRIC_DELETION, METRIC_LOG_ODDS, METRIC_COMPLETENESS]";

  const auto deletion = text.Measure("metrics: METRIC_DELETION", scores), all = text.Measure(together, scores);

  EXPECT_EQ(deletion.rows.size(), 2u * 19 + 1);
  EXPECT_EQ(all.rows.size(), deletion.rows.size());
  EXPECT_EQ(all.num_rounds, 1u);
}

TEST(BlockTest, TheDefaultBlockOfFiftyWordsIsTwentyOneRows) {
  const QualityCase text(50, QualityCase::Sum(std::vector<double>(50, 0.1)));
  std::vector<float> scores(50);
  std::iota(scores.begin(), scores.end(), 0.f);
  const auto report = text.Measure("", scores);
  EXPECT_THAT(report.rows, SizeIs(21));
  EXPECT_EQ(report.num_rounds, 1u);
  EXPECT_EQ(text.Expected(""), 21u);
}

TEST(BlockTest, ExpectsNoRowTooFew) {
  const QualityCase text(12, QualityCase::Sum({3, -2, 1, 0.5, -0.25, 2, -1, 0.75, 0.1, 0.2, 0.3, 0.4}));
  const std::vector<float> scores = {3, -2, 1, 0.5f, -0.25f, 2, -1, 0.75f, 0.1f, 0.2f, 0.3f, 0.4f};
  for (const char* metric : {"COMPREHENSIVENESS", "SUFFICIENCY", "DELETION", "INSERTION", "LOG_ODDS", "INFIDELITY",
                             "COMPLETENESS", "SOFT_SUFFICIENCY", "NORMALIZED_DELETION"}) {
    const std::string quality = absl::StrCat("metrics: METRIC_", metric, " random_orders: 3 beam_width: 2");
    const size_t rows = text.Measure(quality, scores).rows.size(), expected = text.Expected(quality);
    EXPECT_GE(expected, rows) << metric;
    EXPECT_LE(expected, 2 * rows) << metric;
  }
}

TEST(BlockTest, ATextOfOneWordHasEveryMetric) {
  const QualityCase text(1, QualityCase::Sum({1}));
  const auto report = text.Measure(kEveryOrderMetric, {1});
  for (const auto& [metric, value] : report.values) {
    EXPECT_TRUE(std::isfinite(value.value)) << static_cast<int>(metric);
    EXPECT_FALSE(value.beats_random) << static_cast<int>(metric);
  }
  EXPECT_THAT(text.Measure("metrics: METRIC_SUFFICIENCY", {1}).values, SizeIs(1)) << "it needs no row";
}

TEST(BlockTest, ScoresAreThoseOfWholeWords) {
  MethodCase text("un-believ-able news");
  const explain::MethodInput input = text.input();
  const Words words(input, explain::Replacement::kDefault);
  ASSERT_EQ(words.size(), 2u);
  EXPECT_THAT(words.Scores({9, 1, 2, -4, 5, 9}), ElementsAre(-1, 5));
  EXPECT_THAT(words.Only({false, true}, {}).token_ids, ElementsAre(1, 3, 3, 3, text.id(4), 2));
  EXPECT_THAT(words.OverTokens({0.5f, 0}, 1), ElementsAre(1, 0.5f, 0.5f, 0.5f, 0, 1));
}

// Rows that reports share run once, and each counts what it added.
TEST(BlockTest, MethodsOfARequestShareTheRandomOrders) {
  const QualityCase text(20, QualityCase::Sum({1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2}));
  const std::vector<explain::MethodSpec> methods = {testing::Spec("occlusion {}"), testing::Spec("occlusion {}")};
  explain::MethodRuns runs(methods, *testing::ReadQualitySpec(""));
  std::vector<explain::QualityEvent> reports;
  std::vector<engine::RowResult> results;
  size_t num_rows = 0;
  for (;;) {
    const auto rows =
        runs.Fold(*text.input, text.base, results,
                  {.on_scores = [](size_t, explain::TokenScores, bool) {},
                   .on_quality = [&](explain::QualityEvent event) { reports.push_back(std::move(event)); }});
    ASSERT_THAT(rows, IsOk());
    if (rows->empty()) break;
    num_rows += rows->size();
    results.clear();
    for (const engine::Row& row : *rows) results.push_back(text.Run(row));
  }
  ASSERT_THAT(reports, SizeIs(2));
  // The top 1, 2, 4 and 10 without and alone, for two orders, and no word; without the top one is occlusion's.
  EXPECT_EQ(reports[0].rows, 2u * 8 + 1 - 2);
  EXPECT_EQ(reports[1].rows, 0u);
  EXPECT_EQ(num_rows, 20u + reports[0].rows);
  EXPECT_EQ(reports[0].replacement, explain::Replacement::kMask);
}

TEST(BlockTest, RefusesWhatNoInputCouldSatisfy) {
  const auto error = [](const char* quality) { return testing::ReadQualitySpec(quality).status(); };
  EXPECT_THAT(error("samples: 257"), StatusIs(kInvalid, "quality.samples: is 257, must be in [1, 256]"));
  EXPECT_THAT(error("random_orders: 33"), StatusIs(kInvalid, "quality.random_orders: is 33, must be in [1, 32]"));
  EXPECT_THAT(error("beam_width: 33"), StatusIs(kInvalid, "quality.beam_width: is 33, must be in [1, 32]"));
  EXPECT_THAT(error("radius: -1"), StatusIs(kInvalid, "quality.radius: is -1, must be in [1e-06, 10]"));
  EXPECT_THAT(error("metrics: 99"), StatusIs(kInvalid, "quality.metrics[0]: unknown value 99"));
  EXPECT_THAT(error("metrics: [METRIC_DELETION, METRIC_DELETION]"),
              StatusIs(kInvalid, "quality.metrics[1]: is named twice"));
}

TEST(BlockTest, RefusesWhatThisInputOrModelCannotSatisfy) {
  MethodCase text("a few words");
  text.model = testing::EncoderCard();
  const auto check = [](const MethodCase& input, const char* quality) {
    const explain::MethodInput method_input = input.input();
    return testing::MakeMeasurement(quality)->Check(method_input);
  };
  EXPECT_THAT(check(text, "metrics: [METRIC_DELETION, METRIC_LOG_ODDS]"),
              StatusIs(kInvalid,
                       "metrics[1]: is LOG_ODDS, which needs the probability of a class: a classifier, and a "
                       "class as target"));
  EXPECT_THAT(check(text, "metrics: METRIC_DELETION"), IsOk());
  EXPECT_THAT(check(text, "replacement: REPLACEMENT_PAD"),
              StatusIs(kInvalid, "replacement: is PAD, which this model's vocabulary lacks"));
  EXPECT_THAT(check(MethodCase(2), "replacement: REPLACEMENT_DELETE"),
              StatusIs(kInvalid,
                       "replacement: is DELETE or ATTENTION, for which the input must have a special token "
                       "that stays"));
  EXPECT_THAT(check(MethodCase(std::string()), ""),
              StatusIs(kInvalid, "metrics: the input has no word that could be taken out"));
  EXPECT_THAT(check(MethodCase(65), "metrics: METRIC_NORMALIZED_DELETION"),
              StatusIs(kInvalid,
                       "metrics[0]: is NORMALIZED_DELETION, which takes a text of at most 64 words; this one "
                       "has 65"));
  EXPECT_THAT(check(MethodCase(64), "metrics: METRIC_NORMALIZED_DELETION"), IsOk());
  EXPECT_THAT(check(MethodCase(512), "metrics: [METRIC_DELETION, METRIC_INSERTION] random_orders: 32"),
              StatusIs(kInvalid, ::testing::HasSubstr("passes a method, at most 24576 are allowed")));
}

}  // namespace
}  // namespace limpid::quality
