#include "lib/render/generation_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace limpid::client {
namespace {

using ::testing::HasSubstr;

// Of "He paid" two tokens, and two that follow: " early", and one whose text is held back.
class GenerationReportTest : public ::testing::Test {
 protected:
  GenerationReportTest() {
    request_.mutable_input()->set_text("He paid");
    request_.add_methods()->mutable_saliency();
    v1::GenerateResponse part;
    for (const char* spelling : {"He", "Ġpaid"}) part.mutable_prediction()->add_tokens()->set_text(spelling);
    EXPECT_EQ(report_.Add(part), "");
  }

  std::string AddToken(const std::string& spelling, const std::string& text) {
    v1::GenerateResponse part;
    part.mutable_token()->mutable_token()->set_text(spelling);
    part.mutable_token()->set_text(text);
    return report_.Add(part);
  }
  // Of one unit, a token.
  std::string Why(uint32_t token, int32_t sequence, uint32_t begin, uint32_t end) {
    v1::GenerateResponse part;
    part.mutable_attribution()->mutable_card()->set_method("saliency");
    part.mutable_attribution()->add_scores(0.5);
    v1::Unit* unit = part.mutable_attribution()->add_units();
    unit->set_begin_token(token);
    unit->set_end_token(token + 1);
    unit->set_sequence(sequence);
    unit->set_begin_byte(begin);
    unit->set_end_byte(end);
    return report_.Add(part);
  }

  v1::GenerateRequest request_;
  GenerationReport report_{request_, Palette(ColorMode::kNone)};
};

TEST_F(GenerationReportTest, TokensAndUnitsAreNamedByTheirText) {
  EXPECT_THAT(AddToken("Ġearly", " early"), HasSubstr("early "));
  EXPECT_EQ(Why(1, 0, 2, 7), "    saliency:  paid 0.5\n");
  EXPECT_EQ(Why(2, 1, 0, 6), "    saliency:  early 0.5\n");
}

TEST_F(GenerationReportTest, WhatHasNoTextOrNotYetIsNamedByItsSpelling) {
  EXPECT_THAT(AddToken("Ġ", " "), HasSubstr("Ġ "));
  AddToken("ĠEN", "");
  EXPECT_EQ(Why(3, 1, 1, 4), "    saliency:  ĠEN 0.5\n");
  EXPECT_EQ(Why(2, 1, 0, 1), "    saliency:  Ġ 0.5\n");
  EXPECT_EQ(Why(0, -1, 0, 0), "    saliency:  He 0.5\n");
}

TEST_F(GenerationReportTest, WithoutMethodsTheTextAloneIsPrinted) {
  request_.clear_methods();
  EXPECT_EQ(AddToken("Ġearly", " early"), " early");
}

}  // namespace
}  // namespace limpid::client
