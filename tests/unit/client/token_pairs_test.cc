#include "lib/render/token_pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The sample's [CLS] no , not paid [SEP] against [CLS] yes.
v1::Attribution AgainstYes(const char* other = "yes") {
  v1::Attribution attribution = SampleAttribution(0, {4, 1, 0, 4, 2, 0}, /*is_signed=*/true).attribution();
  v1::TokenMatrix* matrix = attribution.mutable_matrix();
  matrix->add_other_tokens()->set_text("[CLS]");
  matrix->mutable_other_tokens(0)->set_is_special(true);
  matrix->add_other_tokens()->set_text(other);
  for (const float value : {4.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, -4.0f, 1.0f, 2.0f, 0.0f, 0.0f}) {
    matrix->add_values(value);
  }
  return attribution;
}

std::string Pairs(const v1::Attribution& attribution, std::optional<size_t> top) {
  return TokenPairs(attribution, SamplePrediction().prediction(), top, Palette(ColorMode::kNone));
}

TEST(TokenPairs, ListsTheStrongestFirst) {
  EXPECT_EQ(Pairs(AgainstYes(), 3),
            "  the strongest 3 of 4 pairs, input ~ other text:\n"
            "  not  ~ yes  ████████████│                  -4.000\n"
            "  paid ~ yes              │██████            +2.000\n"
            "  no   ~ yes              │███               +1.000\n"
            "  pairs with special tokens: 41.7 % of all\n");
}

TEST(TokenPairs, ListsAtMostTenUnlessAsked) {
  v1::Attribution attribution = AgainstYes();
  for (int i = 0; i < 3; ++i) attribution.mutable_matrix()->add_other_tokens()->set_text("so");
  attribution.mutable_matrix()->mutable_values()->Resize(6 * 5, 1.0f);

  EXPECT_THAT(Pairs(attribution, std::nullopt), StartsWith("  the strongest 10 of 16 pairs"));
  EXPECT_THAT(Pairs(attribution, 99), StartsWith("  the strongest 16 of 16 pairs"));
}

TEST(TokenPairs, WhatTheServerSaysCannotMoveTheCursor) {
  EXPECT_THAT(Pairs(AgainstYes("y\x1b"), 3), HasSubstr("~ y\\x1b "));
}

}  // namespace
}  // namespace limpid::client
