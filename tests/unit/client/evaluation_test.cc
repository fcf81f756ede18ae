#include "lib/evaluate/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lib/render/evaluation_report.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::DoubleNear;
using testing::Optional;
using v1::Quality;

v1::QualityValue Deletion(float value, float random, bool beats) {
  v1::QualityValue measured;
  measured.set_metric(Quality::METRIC_DELETION);
  measured.set_value(value);
  measured.set_random_value(random);
  measured.set_beats_random(beats);
  return measured;
}

// Predicts `index`, and measures the method `method_index` alone.
Explanation Measured(uint32_t method_index, const std::vector<v1::QualityValue>& values, int index = 0) {
  Explanation explanation;
  explanation.prediction = SamplePrediction().prediction();
  explanation.prediction.mutable_classes()->set_predicted_index(index);
  v1::QualityReport& report = explanation.quality.emplace_back();
  report.set_method_index(method_index);
  for (const v1::QualityValue& value : values) *report.add_values() = value;
  return explanation;
}

TextRecord Labelled(const std::string& label) {
  TextRecord record;
  record.label = label;
  return record;
}

LabelTally Tally(const std::vector<std::pair<std::string, int>>& given_and_predicted) {
  LabelTally tally;
  for (const auto& [given, predicted] : given_and_predicted) {
    v1::Prediction prediction = SamplePrediction().prediction();
    prediction.mutable_classes()->set_predicted_index(predicted);
    tally.Add(given, prediction);
  }
  return tally;
}

TEST(Mean, HasTheStandardErrorOfASample) {
  Mean mean;
  EXPECT_EQ(mean.mean(), std::nullopt);
  for (const double value : {1e6 + 2, 1e6 + 4, 1e6 + 4, 1e6 + 6}) mean.Add(value);

  EXPECT_THAT(mean.mean(), Optional(DoubleNear(1e6 + 4, 1e-9)));
  EXPECT_THAT(mean.standard_error(), Optional(DoubleNear(std::sqrt(8.0 / 3 / 4), 1e-9)));
}

TEST(Mean, OfOneValueHasNoError) {
  Mean mean;
  mean.Add(3);
  EXPECT_THAT(mean.mean(), Optional(3.0));
  EXPECT_EQ(mean.standard_error(), std::nullopt);
}

TEST(Evaluation, CountsTheTextsThatBeatChance) {
  Evaluation evaluation({"saliency"}, /*has_labels=*/false);
  evaluation.Add({}, Measured(0, {Deletion(0.5f, 0.25f, true)}));
  evaluation.Add({}, Measured(0, {Deletion(0.25f, 0.75f, false)}));
  evaluation.Add({}, Measured(0, {Deletion(0.75f, 0.5f, true)}));

  const MetricTally& tally = evaluation.methods_tally[0].at(Quality::METRIC_DELETION);
  EXPECT_THAT(tally.values.mean(), Optional(0.5));
  EXPECT_THAT(tally.random_values.mean(), Optional(0.5));
  EXPECT_THAT(tally.beats_share(), Optional(2.0 / 3));
}

TEST(Evaluation, AMetricWithoutOrdersHasNoShare) {
  v1::QualityValue completeness;
  completeness.set_metric(Quality::METRIC_COMPLETENESS);
  completeness.set_value(0.1f);
  Evaluation evaluation({"saliency"}, false);
  evaluation.Add({}, Measured(0, {completeness}));

  const MetricTally& tally = evaluation.methods_tally[0].at(Quality::METRIC_COMPLETENESS);
  EXPECT_EQ(tally.values.count(), 1u);
  EXPECT_EQ(tally.beats_share(), std::nullopt);
}

TEST(Evaluation, ATextLeavesOutTheMethodThatFailedAlone) {
  Evaluation evaluation({"saliency", "lime"}, false);
  evaluation.Add({}, Measured(0, {Deletion(0.5f, 0.25f, true)}));
  evaluation.Add({}, Measured(1, {Deletion(0.75f, 0.25f, true)}));
  evaluation.Add({}, Measured(0, {Deletion(NAN, 0.25f, true)}));

  for (const auto& [method, mean] : {std::pair{0, 0.5}, std::pair{1, 0.75}}) {
    const MetricTally& tally = evaluation.methods_tally[static_cast<size_t>(method)].at(Quality::METRIC_DELETION);
    EXPECT_EQ(tally.values.count(), 1u) << method;
    EXPECT_THAT(tally.values.mean(), Optional(mean));
    EXPECT_THAT(tally.beats_share(), Optional(1.0));
  }
}

TEST(LabelTally, TakesAClassByNameOrNumber) {
  const LabelTally tally = Tally({{"declined", 0}, {"0", 1}, {"approved", 1}, {"1", 1}});

  EXPECT_EQ(tally.texts, 4u);
  EXPECT_THAT(tally.accuracy(), Optional(0.75));
  EXPECT_EQ(tally.predicted_by_given.at(0).at(1), 1u);
  EXPECT_EQ(tally.predicted_by_given.at(1).at(1), 2u);
}

TEST(LabelTally, ALabelOfNoClassIsNoMistake) {
  LabelTally tally = Tally({{"declined", 0}, {"Declined", 0}, {"2", 0}, {"-1", 0}, {"", 0}});
  v1::Prediction embedding;
  embedding.mutable_embedding();
  tally.Add("0", embedding);

  EXPECT_EQ(tally.unmatched, 5u);
  EXPECT_THAT(tally.accuracy(), Optional(1.0));
}

TEST(LabelTally, NothingMatchedHasNoAccuracy) { EXPECT_EQ(Tally({{"?", 0}}).accuracy(), std::nullopt); }

TEST(EvaluationReport, HasATableAMetricAndALineAClass) {
  Evaluation evaluation({"saliency", "lime"}, /*has_labels=*/true);
  evaluation.Add(Labelled("declined"), Measured(0, {Deletion(0.5f, 0.25f, true)}));
  evaluation.Add(Labelled("declined"), Measured(0, {Deletion(0.75f, 0.25f, false)}, 1));
  evaluation.Add(Labelled("no class"), Measured(0, {}));

  EXPECT_EQ(EvaluationReport(evaluation, Palette(ColorMode::kNone)),
            "deletion, higher is better   texts        mean  std. error      random  beats chance\n"
            "saliency                         2       0.625       0.125        0.25        50.0 %\n"
            "lime                             0           -           -           -             -\n"
            "\n"
            "accuracy  50.0 %  1 of 2 texts with the label of a class\n"
            "labels of 1 texts name no class\n"
            "label      texts   right    share  taken for\n"
            "declined       2       1   50.0 %  approved 1\n");
}

TEST(EvaluationJson, HasTheSameNumbers) {
  Evaluation evaluation({"saliency"}, /*has_labels=*/true);
  evaluation.Add(Labelled("declined"), Measured(0, {Deletion(0.5f, 0.25f, true)}));
  evaluation.model.set_name("demo");

  EXPECT_EQ(EvaluationJson(evaluation), Json::parse(R"({"model": {"name": "demo", "weights_sha256": ""},
      "methods": [{"method": "saliency", "metrics": [{"metric": "METRIC_DELETION", "texts": 1,
      "mean": 0.5, "standard_error": null, "random_mean": 0.25, "beats_random_share": 1.0}]}],
      "labels": {"texts": 1, "right": 1, "accuracy": 1.0, "unmatched": 0, "classes": [{"label": "declined", "texts": 1,
      "right": 1, "predicted": [{"label": "declined", "texts": 1}]}]}})"));
  EXPECT_EQ(EvaluationJson(Evaluation({"saliency"}, false))["labels"], Json());
}

}  // namespace
}  // namespace limpid::client
