#include "lib/request/target_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace limpid::client {
namespace {

TEST(ParseTarget, WordsNameTheKindsWithoutAClass) {
  EXPECT_TRUE(ParseTarget("predicted")->has_predicted_class());
  EXPECT_TRUE(ParseTarget("mean")->has_mean_output());
  EXPECT_EQ(ParseTarget("similarity=a dog, asleep")->similarity().text(), "a dog, asleep");
}

TEST(ParseTarget, AClassIsANumberOrALabel) {
  EXPECT_EQ(ParseTarget("1")->class_().index(), 1);
  EXPECT_EQ(ParseTarget("-1")->class_().index(), -1) << "the server says that there is none";
  EXPECT_EQ(ParseTarget("declined")->class_().label(), "declined");
  EXPECT_EQ(ParseTarget("index=1")->class_().index(), 1);
  EXPECT_EQ(ParseTarget("label=1")->class_().label(), "1");
  EXPECT_EQ(ParseTarget("label=mean")->class_().label(), "mean");
  EXPECT_EQ(ParseTarget("label=a-vs-b")->class_().label(), "a-vs-b");
}

TEST(ParseTarget, AContrastNamesBothSidesOrLeavesThemToTheModel) {
  const auto named = ParseTarget("declined-vs-1");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->contrast().target().label(), "declined");
  EXPECT_EQ(named->contrast().foil().index(), 1);

  const auto open = ParseTarget("predicted-vs-runner_up");
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_TRUE(open->has_contrast());
  EXPECT_FALSE(open->contrast().has_target());
  EXPECT_FALSE(open->contrast().has_foil());
}

TEST(ParseTarget, AnAnswerIsThePredictedOneOrTokens) {
  EXPECT_TRUE(ParseTarget("answer")->has_answer());
  EXPECT_FALSE(ParseTarget("answer")->answer().has_begin_token());
  const auto tokens = ParseTarget("answer=12-14");
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->answer().begin_token(), 12u);
  EXPECT_EQ(tokens->answer().end_token(), 14u);
}

TEST(ParseTarget, WhatIsMissingIsSaid) {
  for (const char* spec :
       {"declined-vs-", "-vs-declined", "similarity=", "index=x", "answer=", "answer=3", "answer=a-4", ""}) {
    const auto target = ParseTarget(spec);
    ASSERT_FALSE(target.ok()) << spec;
    EXPECT_THAT(std::string(target.status().message()), testing::HasSubstr("write predicted, mean"));
  }
}

}  // namespace
}  // namespace limpid::client
