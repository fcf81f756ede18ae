#include "lib/render/wrapped.h"

#include <gtest/gtest.h>

namespace limpid::client {
namespace {

const Palette kPlain(ColorMode::kNone);

TEST(Wrapped, EndsLinesBeforeTheWordThatWouldNotFit) {
  EXPECT_EQ(Wrapped({{"one two three"}}, 2, 9, kPlain), "one two\n  three\n");
  EXPECT_EQ(Wrapped({{"one two three"}}, 2, 15, kPlain), "one two three\n");
}

TEST(Wrapped, KeepsWordsOverSeveralStretchesTogether) {
  EXPECT_EQ(Wrapped({{"so [w"}, {" -> "}, {"perman]", 1}, {"ere missed"}}, 2, 14, kPlain),
            "so [w ->\n  perman]ere\n  missed\n");
}

TEST(Wrapped, LeavesAWordLongerThanALineWhole) {
  EXPECT_EQ(Wrapped({{"a incomprehensible word"}}, 2, 8, kPlain), "a\n  incomprehensible\n  word\n");
}

TEST(Wrapped, CountsColumnsNotBytes) {
  EXPECT_EQ(Wrapped({{"日本 日本"}}, 0, 8, kPlain), "日本\n日本\n");
  EXPECT_EQ(Wrapped({{"éé éé"}}, 0, 5, kPlain), "éé éé\n");
}

TEST(Wrapped, InksWordByWord) {
  const Palette palette(ColorMode::k256);

  EXPECT_EQ(Wrapped({{"kept "}, {"new word", 1}}, 0, 80, palette),
            "kept " + palette.InInk("new", 1) + " " + palette.InInk("word", 1) + "\n");
}

}  // namespace
}  // namespace limpid::client
