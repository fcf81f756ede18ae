#include "lib/attack/attack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/render/attack_report.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::Optional;

// "declined" becomes "approved" by `num_edits` edits of "paid", after ten passes.
v1::Attribution Flipped(int num_edits, bool is_minimal = true) {
  v1::Attribution attribution = SampleAttribution(0, {0, 1, 0, 4, 2, 0}, /*is_signed=*/true).attribution();
  attribution.mutable_card()->set_method("hot_flip");
  attribution.mutable_card()->set_rows(10);
  v1::Edits* edits = attribution.mutable_edits();
  edits->set_outcome(v1::Edits::OUTCOME_FOUND);
  edits->set_is_minimal(is_minimal);
  edits->set_margin_before(3);
  edits->set_margin_after(-1);
  edits->set_class_after(1);
  edits->set_text("no, not late");
  for (int i = 0; i < num_edits; ++i) {
    v1::Edit* edit = edits->add_edits();
    edit->mutable_unit()->set_begin_byte(8);
    edit->mutable_unit()->set_end_byte(12);
    edit->set_replacement("late");
  }
  return attribution;
}

v1::Attribution Ended(v1::Edits::Outcome outcome) {
  v1::Attribution attribution = Flipped(1);
  attribution.mutable_edits()->set_outcome(outcome);
  return attribution;
}

v1::Prediction Predicted(int index) {
  v1::Prediction prediction = SamplePrediction().prediction();
  prediction.mutable_classes()->set_predicted_index(index);
  return prediction;
}

Attacked SampleAttacked(int reread_index) {
  Attacked attacked{
      *Gather(SampleRequest(), {SamplePrediction(), SampleAttribution(0, {0, 1, 0, 4, 2, 0}), SampleSummary()}),
      {Predicted(reread_index)}};
  attacked.explanation.attributions[0] = Flipped(1);
  return attacked;
}

TEST(AttackTally, CountsWhatFlippedAndByHowManyEdits) {
  AttackTally tally;
  tally.Add(Flipped(1), Predicted(1));
  tally.Add(Flipped(4, /*is_minimal=*/false), Predicted(0));
  tally.Add(Ended(v1::Edits::OUTCOME_NOT_FOUND), std::nullopt);
  tally.Add(Ended(v1::Edits::OUTCOME_BUDGET_SPENT), std::nullopt);

  EXPECT_EQ(tally.attacked, 4u);
  EXPECT_THAT(tally.success_rate(), Optional(0.5));
  EXPECT_THAT(tally.mean_edits(), Optional(2.5)) << "of the texts that flipped alone";
  EXPECT_THAT(tally.mean_passes(), Optional(10.0));
  EXPECT_EQ(tally.minimal, 1u);
  EXPECT_EQ(tally.reread, 2u);
  EXPECT_EQ(tally.hold_as_text, 1u);
  EXPECT_EQ(tally.out_of_passes, 1u);
}

TEST(AttackTally, ATextWhoseTargetWasBehindIsNoSuccess) {
  v1::Attribution behind = Flipped(0);
  behind.mutable_edits()->set_margin_before(-2);
  AttackTally tally;
  tally.Add(behind, std::nullopt);

  EXPECT_EQ(tally.attacked, 0u);
  EXPECT_EQ(tally.success_rate(), std::nullopt);
  EXPECT_EQ(tally.mean_edits(), std::nullopt);
}

TEST(AttackReport, SaysWhetherTheEditsHoldAsText) {
  const Palette plain(ColorMode::kNone);

  const std::string report = AttackReport(SampleRequest(), SampleAttacked(1), plain, 100);
  EXPECT_THAT(report, HasSubstr("  edits     no, not [paid -> late]\n"));
  EXPECT_THAT(report, HasSubstr("  as text   approved 4.7 %   the same when the model reads the new text\n"));
  EXPECT_THAT(AttackReport(SampleRequest(), SampleAttacked(0), plain, 100),
              HasSubstr("  as text   declined 95.3 %   it does not hold"));
}

TEST(AttackTable, HasALineAMethodAndNamesTheBudgetThatRanOut) {
  std::vector<AttackTally> tallies(2);
  tallies[0].Add(Flipped(2), Predicted(1));
  tallies[0].Add(Ended(v1::Edits::OUTCOME_BUDGET_SPENT), std::nullopt);

  EXPECT_EQ(AttackTable({"hot_flip", "counterfactual"}, tallies, Palette(ColorMode::kNone)),
            "method          attacked  succeeded     rate  edits  minimal  as text  passes\n"
            "hot_flip               2          1   50.0 %   2.00        1        1    10.0\n"
            "counterfactual         0          0        -      -        0        0       -\n"
            "hot_flip ran out of passes on 1: --max-passes gives more.\n");
  EXPECT_EQ(AttackTableJson({"hot_flip", "counterfactual"}, tallies)[1]["success_rate"], Json());
}

TEST(AttackedTextJson, SaysWhatWasFound) {
  EXPECT_EQ(AttackedTextJson(SampleAttacked(0)), Json::array({{{"method", "hot_flip"},
                                                               {"was_ahead", true},
                                                               {"outcome", "found"},
                                                               {"edits", 1},
                                                               {"is_minimal", true},
                                                               {"text", "no, not late"},
                                                               {"holds_as_text", false}}}));
}

TEST(IsEditMethod, IsForThoseThatSearchForEdits) {
  v1::Method method;
  method.mutable_saliency();
  EXPECT_FALSE(IsEditMethod(method));
  method.mutable_counterfactual();
  EXPECT_TRUE(IsEditMethod(method));
}

}  // namespace
}  // namespace limpid::client
