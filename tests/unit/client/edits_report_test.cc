#include "lib/render/edits_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/render/marked_text.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::Not;

void AddEdit(uint32_t begin, uint32_t end, const char* replacement, v1::Edits* edits, int32_t sequence = 0) {
  v1::Edit* edit = edits->add_edits();
  edit->mutable_unit()->set_begin_byte(begin);
  edit->mutable_unit()->set_end_byte(end);
  edit->mutable_unit()->set_sequence(sequence);
  edit->set_replacement(replacement);
}

// "no, not paid" with "paid" replaced by "late" and "no" taken out: declined becomes approved.
v1::Attribution FlippedSample() {
  v1::Attribution attribution = SampleAttribution(0, {0, 1, 0, 4, 2, 0}, /*is_signed=*/true).attribution();
  attribution.mutable_card()->set_method("counterfactual");
  v1::Edits* edits = attribution.mutable_edits();
  edits->set_outcome(v1::Edits::OUTCOME_FOUND);
  edits->set_is_minimal(true);
  AddEdit(8, 12, "late", edits);
  AddEdit(0, 2, "", edits);
  edits->set_text(", not late");
  edits->set_margin_before(3);
  edits->set_margin_after(-1.5f);
  edits->set_class_after(1);
  for (const float probability : {0.1f, 0.9f}) edits->add_probabilities(probability);
  return attribution;
}

// `foil` is -1 for none.
std::string Report(const v1::Attribution& attribution, std::string_view pair = "", int foil = -1) {
  v1::Prediction prediction = SamplePrediction().prediction();
  prediction.mutable_target()->set_foil_index(foil);
  return EditsReport(attribution, {kSampleText, pair}, prediction, Palette(ColorMode::kNone), 80);
}

// The visible text of the stretches, one after the other.
std::string Marked(const v1::Edits& edits, std::string_view text) {
  std::string marked;
  for (const Stretch& stretch : MarkedText(edits, text, 0)) marked += stretch.visible;
  return marked;
}

TEST(EditsReport, ShowsDecisionEditsInPlaceAndTheNewText) {
  EXPECT_EQ(Report(FlippedSample()),
            "  result    verified minimal: the decision flips, and by no part of these edits\n"
            "            alone\n"
            "  decision  declined 95.3 % -> approved 90.0 %\n"
            "  margin    +3 -> -1.5   logit of declined minus that of the best other\n"
            "  edits     [-no], not [paid -> late]\n"
            "  new text  , not late\n"
            "  scores    the margin lost by each token's best single edit\n");
}

TEST(EditsReport, SaysWhatIsNotProvenOrNotFound) {
  v1::Attribution attribution = FlippedSample();
  attribution.mutable_edits()->set_is_minimal(false);
  EXPECT_THAT(Report(attribution), HasSubstr("best found: the decision flips; not verified"));
  attribution.mutable_edits()->set_outcome(v1::Edits::OUTCOME_NOT_FOUND);
  EXPECT_THAT(Report(attribution), HasSubstr("no flip within the limits; the best that was tried"));
  attribution.mutable_edits()->set_outcome(v1::Edits::OUTCOME_BUDGET_SPENT);
  EXPECT_THAT(Report(attribution), HasSubstr("no flip: the passes ran out"));
}

TEST(EditsReport, AFlipWithoutEditsWasNoneToBegin) {
  v1::Attribution attribution = FlippedSample();
  attribution.mutable_edits()->clear_edits();

  const std::string report = Report(attribution);

  EXPECT_THAT(report, HasSubstr("the target is behind from the start: no edit is needed\n"));
  EXPECT_THAT(report, Not(HasSubstr("new text")));
}

TEST(EditsReport, AReductionSpeaksOfWhatIsLeft) {
  v1::Attribution attribution = FlippedSample();
  attribution.mutable_card()->set_method("input_reduction");
  attribution.mutable_edits()->set_class_after(0);
  attribution.mutable_edits()->set_text("  ");

  const std::string report = Report(attribution);

  EXPECT_THAT(report,
              HasSubstr("verified minimal: the decision stays, and needs every word that is\n            left\n"));
  EXPECT_THAT(report, HasSubstr("  new text  (nothing is left)\n"));
  EXPECT_THAT(report, HasSubstr("the margin lost without each word\n"));
}

TEST(EditsReport, NamesTheFoilOfAContrast) {
  EXPECT_THAT(Report(FlippedSample(), "", /*foil=*/1), HasSubstr("logit of declined minus that of approved\n"));
}

TEST(EditsReport, ShowsThePairWhereItWasEdited) {
  v1::Attribution attribution = FlippedSample();
  AddEdit(0, 3, "how", attribution.mutable_edits(), /*sequence=*/1);
  attribution.mutable_edits()->set_text_pair("how so");

  EXPECT_THAT(Report(attribution, "why so"), HasSubstr("  in pair   [why -> how] so\n  new pair  how so\n"));
}

TEST(EditsReport, WhatTheServerSaysCannotMoveTheCursor) {
  v1::Attribution attribution = FlippedSample();
  attribution.mutable_edits()->mutable_edits(0)->set_replacement("la\x1b[2Jte");
  attribution.mutable_edits()->set_text("no\r\x1b[H");

  EXPECT_EQ(Report(attribution).find_first_of("\x1b\r"), std::string::npos);
}

TEST(MarkedText, JoinsNeighboursThatWereTakenOut) {
  v1::Edits edits;
  AddEdit(0, 2, "", &edits);
  AddEdit(2, 3, "", &edits);
  AddEdit(4, 7, "", &edits);

  EXPECT_EQ(Marked(edits, kSampleText), "[-no, not] paid");
}

TEST(MarkedText, KeepsTheWordsAroundAnEditOnly) {
  const std::string text = "incomprehensibility a b c d e f ! g h i j k l incomprehensibility m n o p q r ?";
  v1::Edits edits;
  AddEdit(32, 33, "x", &edits);
  AddEdit(78, 79, "y", &edits);

  EXPECT_EQ(Marked(edits, text), "… a b c d e f [! -> x] g h i j k l … m n o p q r [? -> y]");
}

TEST(MarkedText, LeavesNoGapForAFewLetters) {
  v1::Edits edits;
  AddEdit(18, 19, "x", &edits);

  EXPECT_EQ(Marked(edits, "one a b c d e f g !"), "one a b c d e f g [! -> x]");
}

TEST(MarkedText, IsEmptyWhereNothingWasEdited) { EXPECT_TRUE(MarkedText({}, kSampleText, 0).empty()); }

}  // namespace
}  // namespace limpid::client
