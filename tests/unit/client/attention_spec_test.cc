#include "lib/request/attention_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace limpid::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::AttentionSelection Parsed(const char* spec) {
  const auto selection = ParseAttention(spec);
  EXPECT_TRUE(selection.ok()) << selection.status();
  EXPECT_TRUE(selection->has_value());
  return **selection;
}

TEST(ParseAttention, NoneIsNoSelectionAndAllNamesNothing) {
  EXPECT_FALSE(ParseAttention("none")->has_value());
  EXPECT_THAT(Parsed("all").layers(), IsEmpty());
  EXPECT_THAT(Parsed("all").heads(), IsEmpty());
}

TEST(ParseAttention, NumbersAndRangesMayBeMixed) {
  EXPECT_THAT(Parsed("0,3-5").layers(), ElementsAre(0, 3, 4, 5));
  EXPECT_THAT(Parsed("-1").layers(), ElementsAre(-1));
  EXPECT_THAT(Parsed("-3--1").layers(), ElementsAre(-3, -2, -1));
}

TEST(ParseAttention, HeadsFollowAColon) {
  EXPECT_THAT(Parsed("-1:0-2,7").heads(), ElementsAre(0, 1, 2, 7));
  EXPECT_THAT(Parsed("all:2").layers(), IsEmpty());
  EXPECT_THAT(Parsed("all:2").heads(), ElementsAre(2));
}

TEST(ParseAttention, WhatIsWrongIsNamed) {
  for (const char* spec : {"", "last", "1,", "5-3", "1:", "1:x", "1-", "99999999999"}) {
    const auto selection = ParseAttention(spec);
    ASSERT_FALSE(selection.ok()) << spec;
    EXPECT_THAT(std::string(selection.status().message()), HasSubstr("LAYERS[:HEADS]")) << spec;
  }
  EXPECT_THAT(std::string(ParseAttention("0-2000000000").status().message()), HasSubstr("more than 1024"));
}

}  // namespace
}  // namespace limpid::client
