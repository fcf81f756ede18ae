#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace limpid::client {

enum class ColorMode { kNone, k256, kTrueColor };

// What the process was started in; main fills it in.
struct Terminal {
  bool is_terminal = false;        // standard output
  bool is_error_terminal = false;  // standard error
  size_t columns = 100;
  std::string term;       // $TERM
  std::string colorterm;  // $COLORTERM
  std::string no_color;   // $NO_COLOR
};

// `wish` is auto, always or never. auto: at a terminal that can, unless NO_COLOR is set to anything (no-color.org).
ColorMode ChooseColorMode(std::string_view wish, const Terminal& terminal);

// How things look. Without colour every function gives back the text alone. The text given is visible text.
class Palette {
 public:
  explicit Palette(ColorMode mode) : mode_(mode) {}

  bool has_color() const { return mode_ != ColorMode::kNone; }

  // Text on paper tinted by `heat` in [-1, 1]: orange for positive, blue for negative values, which people who
  // confuse red and green tell apart as well. 0 is plain paper, so that the scale is the same in a dark terminal.
  std::string OnPaper(std::string_view text, double heat) const;

  // Text in the scale's strongest orange (`sign` >= 0) or blue.
  std::string InInk(std::string_view text, double sign) const;

  std::string Bold(std::string_view text) const;
  std::string Dim(std::string_view text) const;

 private:
  std::string Styled(const std::string& codes, std::string_view text) const;

  const ColorMode mode_;
};

}  // namespace limpid::client
