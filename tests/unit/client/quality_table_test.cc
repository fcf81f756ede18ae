#include "lib/render/quality_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using v1::Quality;

v1::QualityValue* AddValue(Quality::Metric metric, float value, v1::QualityReport* report) {
  v1::QualityValue* added = report->add_values();
  added->set_metric(metric);
  added->set_value(value);
  return added;
}

// What the contract's default metrics gave for the first method.
Explanation Measured() {
  Explanation explanation = SampleExplanation();
  v1::QualityReport report;
  report.set_replacement(v1::REPLACEMENT_MASK);
  report.set_rows(13);
  v1::QualityValue* comprehensiveness = AddValue(Quality::METRIC_COMPREHENSIVENESS, 0.75f, &report);
  comprehensiveness->set_random_value(0.25f);
  comprehensiveness->set_beats_random(true);
  AddValue(Quality::METRIC_SUFFICIENCY, 0.5f, &report)->set_random_value(0.125f);
  AddValue(Quality::METRIC_COMPLETENESS, 0.0625f, &report);
  explanation.quality.push_back(report);
  return explanation;
}

std::string Table(const Quality& asked, const Explanation& explanation) {
  return QualityTable(asked, explanation, explanation.attributions[0], Palette(ColorMode::kNone));
}

TEST(QualityTable, HoldsEachMetricAgainstChance) {
  EXPECT_EQ(Table({}, Measured()),
            "  quality                      value     random  beats chance  better\n"
            "  comprehensiveness             0.75       0.25  yes          higher\n"
            "  sufficiency                    0.5      0.125  no           lower\n"
            "  completeness                0.0625          -  -            lower\n"
            "  words replaced by mask; 13 passes; random: 1 order\n");
}

TEST(QualityTable, NamesWhatWasAskedAndNotMeasured) {
  Quality asked;
  asked.set_random_orders(4);
  for (const auto metric : {Quality::METRIC_SUFFICIENCY, Quality::METRIC_MAX_SENSITIVITY, Quality::METRIC_DELETION}) {
    asked.add_metrics(metric);
  }

  EXPECT_THAT(Table(asked, Measured()),
              EndsWith("  max_sensitivity         not measured: the method adds noise itself\n"
                       "  deletion                not measured\n"
                       "  words replaced by mask; 13 passes; random: mean of 4 orders\n"));
}

TEST(QualityTable, SaysNothingOfRandomOrdersWhereNoneCount) {
  Explanation explanation = Measured();
  explanation.quality[0].mutable_values()->DeleteSubrange(0, 2);

  EXPECT_THAT(Table({}, explanation), EndsWith("  words replaced by mask; 13 passes\n"));
}

TEST(QualityTable, ShowsAMetricThatThisClientDoesNotKnow) {
  Explanation explanation = Measured();
  explanation.quality[0].mutable_values(0)->set_metric(static_cast<Quality::Metric>(99));

  EXPECT_THAT(Table({}, explanation), HasSubstr("  99                            0.75       0.25  yes          \n"));
}

TEST(QualityTable, IsEmptyForAMethodThatWasNotMeasured) {
  const Explanation explanation = Measured();

  EXPECT_EQ(QualityTable({}, explanation, explanation.attributions[1], Palette(ColorMode::kNone)), "");
}

}  // namespace
}  // namespace limpid::client
