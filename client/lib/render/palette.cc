#include "lib/render/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

struct Rgb {
  int red, green, blue;
};

// A colour, and the nearest of xterm's 256 that keeps the ramp even.
struct Shade {
  Rgb rgb;
  int xterm;
};
using Ramp = std::array<Shade, 5>;

// From ColorBrewer's PuOr (orange half) and RdBu (blue half): equal steps of lightness from one shared paper.
constexpr Ramp kOrange = {Shade{{247, 247, 247}, 255}, Shade{{254, 224, 182}, 223}, Shade{{253, 184, 99}, 215},
                          Shade{{224, 130, 20}, 172}, Shade{{179, 88, 6}, 130}};
constexpr Ramp kBlue = {Shade{{247, 247, 247}, 255}, Shade{{209, 229, 240}, 153}, Shade{{146, 197, 222}, 110},
                        Shade{{67, 147, 195}, 67}, Shade{{33, 102, 172}, 25}};
constexpr Shade kBlackInk = {{26, 26, 26}, 16}, kWhiteInk = {{255, 255, 255}, 231};
// Middle tones: readable as text on black and on white.
constexpr Shade kOrangeInk = kOrange[3], kBlueInk = kBlue[3];

// `strength` in [0, 1]. The 256 colours have no tones between those of the ramp.
Shade ShadeOf(const Ramp& ramp, double strength) {
  const double position = std::clamp(strength, 0.0, 1.0) * (ramp.size() - 1);
  const size_t below = std::min(static_cast<size_t>(position), ramp.size() - 2);
  const double share = position - static_cast<double>(below);
  const auto mix = [&](int a, int b) { return static_cast<int>(std::lround(a + share * (b - a))); };
  const Rgb &a = ramp[below].rgb, &b = ramp[below + 1].rgb;
  const int nearest = ramp[static_cast<size_t>(std::lround(position))].xterm;
  return {{mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)}, nearest};
}

// `layer` is 38 for text, 48 for what is behind it.
std::string Code(ColorMode mode, int layer, const Shade& shade) {
  if (mode == ColorMode::k256) return absl::StrCat(layer, ";5;", shade.xterm);
  return absl::StrCat(layer, ";2;", shade.rgb.red, ";", shade.rgb.green, ";", shade.rgb.blue);
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
  const Shade paper = ShadeOf(heat < 0 ? kBlue : kOrange, std::abs(heat));
  const Shade ink = IsDark(paper.rgb) ? kWhiteInk : kBlackInk;
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
