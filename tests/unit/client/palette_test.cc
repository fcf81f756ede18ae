#include "lib/render/palette.h"

#include <gtest/gtest.h>

namespace limpid::client {
namespace {

Terminal At(const char* term, const char* colorterm = "", const char* no_color = "") {
  return {.is_terminal = true, .columns = 80, .term = term, .colorterm = colorterm, .no_color = no_color};
}

TEST(ChooseColorMode, AutoNeedsATerminalThatCan) {
  EXPECT_EQ(ChooseColorMode("auto", At("xterm-256color")), ColorMode::k256);
  EXPECT_EQ(ChooseColorMode("auto", At("xterm", "truecolor")), ColorMode::kTrueColor);
  EXPECT_EQ(ChooseColorMode("auto", At("dumb", "truecolor")), ColorMode::kNone);
  EXPECT_EQ(ChooseColorMode("auto", At("")), ColorMode::kNone);
  Terminal pipe = At("xterm-256color");
  pipe.is_terminal = false;
  EXPECT_EQ(ChooseColorMode("auto", pipe), ColorMode::kNone);
}

TEST(ChooseColorMode, NoColorHoldsUnlessColorIsDemanded) {
  EXPECT_EQ(ChooseColorMode("auto", At("xterm", "", "1")), ColorMode::kNone);
  EXPECT_EQ(ChooseColorMode("always", At("xterm", "", "1")), ColorMode::k256);
  EXPECT_EQ(ChooseColorMode("never", At("xterm", "truecolor")), ColorMode::kNone);
}

TEST(Palette, WithoutColorTextIsLeftAlone) {
  const Palette palette(ColorMode::kNone);

  EXPECT_EQ(palette.OnPaper("a", 1) + palette.InInk("b", -1) + palette.Bold("c") + palette.Dim("d"), "abcd");
}

TEST(Palette, PaperGoesFromBlueOverWhiteToOrange) {
  const Palette palette(ColorMode::kTrueColor);

  EXPECT_EQ(palette.OnPaper("x", 1), "\x1b[48;2;179;88;6;38;2;255;255;255mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", 0), "\x1b[48;2;247;247;247;38;2;26;26;26mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", -1), "\x1b[48;2;33;102;172;38;2;255;255;255mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", 0.25), "\x1b[48;2;254;224;182;38;2;26;26;26mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", 7), palette.OnPaper("x", 1));
}

TEST(Palette, The256ColorsKeepTheOrder) {
  const Palette palette(ColorMode::k256);

  EXPECT_EQ(palette.OnPaper("x", 1), "\x1b[48;5;130;38;5;231mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", 0), "\x1b[48;5;255;38;5;16mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", -1), "\x1b[48;5;25;38;5;231mx\x1b[0m");
  EXPECT_EQ(palette.OnPaper("x", 0.12), palette.OnPaper("x", 0)) << "no tone lies between";
}

}  // namespace
}  // namespace limpid::client
