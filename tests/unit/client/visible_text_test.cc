#include "lib/render/visible_text.h"

#include <gtest/gtest.h>

#include <string>

namespace limpid::client {
namespace {

TEST(VisibleText, ControlCharactersBecomeEscapes) {
  EXPECT_EQ(VisibleText("a\x1b[31mb\a"), "a\\x1b[31mb\\x07");
  EXPECT_EQ(VisibleText("1\n2\t3\r4\x7f"), "1\\n2\\t3\\r4\\x7f");
  EXPECT_EQ(VisibleText(std::string("a\0b", 3)), "a\\x00b");
}

TEST(VisibleText, OneCharacterControlsOfTheUpperHalfBecomeEscapes) {
  EXPECT_EQ(VisibleText("\u009b31m"), "\\u{009b}31m") << "CSI in one character";
}

TEST(VisibleText, MarksThatTurnTheReadingDirectionBecomeEscapes) {
  EXPECT_EQ(VisibleText("a\u202Eb\u2066c\u200F"), "a\\u{202e}b\\u{2066}c\\u{200f}");
}

TEST(VisibleText, BytesThatAreNotUtf8BecomeEscapes) { EXPECT_EQ(VisibleText("a\xFF\xC3"), "a\\xff\\xc3"); }

TEST(VisibleText, OrdinaryTextIsUnchanged) {
  EXPECT_EQ(VisibleText("Zoë: 語 🙂 👩‍👧 می‌خواهم \\x1b"),
            "Zoë: 語 🙂 👩‍👧 می‌خواهم \\x1b");
}

TEST(VisibleLines, LineEndsStayAndTheRestDoesNot) { EXPECT_EQ(VisibleLines("a\nb\x1b"), "a\nb\\x1b"); }

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("Zoë"), 3u);
  EXPECT_EQ(DisplayWidth("日本語"), 6u);
  EXPECT_EQ(DisplayWidth("🙂"), 2u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u) << "combining accent";
  EXPECT_EQ(DisplayWidth(""), 0u);
}

TEST(Shortened, CutsAtAColumnAndSaysSo) {
  EXPECT_EQ(Shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(Shortened("abcdefg", 6), "abcde…");
  EXPECT_EQ(Shortened("日本語日本", 6), "日本…") << "a wide character does not fit in half";
}

TEST(PaddedRight, PadsToColumns) {
  EXPECT_EQ(PaddedRight("日本", 6), "日本  ");
  EXPECT_EQ(PaddedRight("too long", 3), "too long");
}

}  // namespace
}  // namespace limpid::client
