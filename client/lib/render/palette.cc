#include "lib/render/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

struct Rgb {
  int red, green, blue;
};

// From ColorBrewer's PuOr (orange half) and RdBu (blue half): equal steps of lightness from one shared paper.
constexpr std::array<Rgb, 5> kOrange = {Rgb{247, 247, 247}, Rgb{254, 224, 182}, Rgb{253, 184, 99}, Rgb{224, 130, 20},
                                        Rgb{179, 88, 6}};
constexpr std::array<Rgb, 5> kBlue = {Rgb{247, 247, 247}, Rgb{209, 229, 240}, Rgb{146, 197, 222}, Rgb{67, 147, 195},
                                      Rgb{33, 102, 172}};
constexpr Rgb kBlackInk = {26, 26, 26}, kWhiteInk = {255, 255, 255};
// Middle tones: readable as text on black and on white.
constexpr Rgb kOrangeInk = kOrange[3], kBlueInk = kBlue[3];

Rgb Mix(const std::array<Rgb, 5>& ramp, double strength) {
  const double position = std::clamp(strength, 0.0, 1.0) * (ramp.size() - 1);
  const size_t below = std::min(static_cast<size_t>(position), ramp.size() - 2);
  const double share = position - static_cast<double>(below);
  const auto mix = [&](int a, int b) { return static_cast<int>(std::lround(a + share * (b - a))); };
  const Rgb &a = ramp[below], &b = ramp[below + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

// Level 0 to 5 of xterm's 6 x 6 x 6 cube (0, 95, 135, 175, 215, 255).
int CubeLevel(int value) { return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40; }

int XtermColor(const Rgb& color) {
  const bool is_paper = color.red > 240 && color.green > 240 && color.blue > 240;
  if (is_paper) return color.red == 255 ? 231 : 255;
  return 16 + 36 * CubeLevel(color.red) + 6 * CubeLevel(color.green) + CubeLevel(color.blue);
}

// `layer` is 38 for text, 48 for what is behind it.
std::string Code(ColorMode mode, int layer, const Rgb& color) {
  if (mode == ColorMode::k256) return absl::StrCat(layer, ";5;", XtermColor(color));
  return absl::StrCat(layer, ";2;", color.red, ";", color.green, ";", color.blue);
}

bool IsDark(const Rgb& color) { return 299 * color.red + 587 * color.green + 114 * color.blue < 125 * 1000; }

}  // namespace

ColorMode ChooseColorMode(std::string_view wish, const Terminal& terminal) {
  const bool truecolor = terminal.colorterm == "truecolor" || terminal.colorterm == "24bit";
  const ColorMode best = truecolor ? ColorMode::kTrueColor : ColorMode::k256;
  if (wish == "always") return best;
  const bool can = terminal.is_terminal && !terminal.term.empty() && terminal.term != "dumb";
  return wish == "never" || !can || !terminal.no_color.empty() ? ColorMode::kNone : best;
}

std::string Palette::OnPaper(std::string_view text, double heat) const {
  const Rgb paper = Mix(heat < 0 ? kBlue : kOrange, std::abs(heat));
  const Rgb ink = IsDark(paper) ? kWhiteInk : kBlackInk;
  return Styled(absl::StrCat(Code(mode_, 48, paper), ";", Code(mode_, 38, ink)), text);
}

std::string Palette::InInk(std::string_view text, double sign) const {
  return Styled(Code(mode_, 38, sign < 0 ? kBlueInk : kOrangeInk), text);
}

std::string Palette::Bold(std::string_view text) const { return Styled("1", text); }

std::string Palette::Dim(std::string_view text) const { return Styled("2", text); }

std::string Palette::Styled(const std::string& codes, std::string_view text) const {
  if (!has_color() || text.empty()) return std::string(text);
  return "\x1b[" + codes + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace limpid::client
