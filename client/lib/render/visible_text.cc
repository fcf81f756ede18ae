#include "lib/render/visible_text.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "lib/utf8.h"

namespace limpid::client {
namespace {

struct Range {
  char32_t first, last;
};

// Sorted. Controls, marks of direction, line separators, byte order mark, interlinear marks, tags.
constexpr Range kHidden[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0x61C, 0x61C},   {0x200E, 0x200F},  {0x2028, 0x202E},
                             {0x2066, 0x2069}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};

bool IsHidden(char32_t value) {
  return std::any_of(std::begin(kHidden), std::end(kHidden),
                     [&](const Range& range) { return value >= range.first && value <= range.last; });
}

std::string Escape(const CodePoint& point) {
  if (!point.valid || point.value < 0x80) {
    switch (point.value) {
      case '\n':
        return "\\n";
      case '\r':
        return "\\r";
      case '\t':
        return "\\t";
      default:
        return absl::StrFormat("\\x%02x", static_cast<uint32_t>(point.value));
    }
  }
  return absl::StrFormat("\\u{%04x}", static_cast<uint32_t>(point.value));
}

std::string Visible(std::string_view text, bool keep_line_ends) {
  std::string visible;
  visible.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = FirstCodePoint(text.substr(i));
    const bool kept = point.valid && (!IsHidden(point.value) || (keep_line_ends && point.value == '\n'));
    visible += kept ? std::string(text.substr(i, point.length)) : Escape(point);
    i += point.length;
  }
  return visible;
}

// wcwidth reads the thread's locale; this one lends it UTF-8 for a moment.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(uselocale(Shared())) {}
  ~Utf8Locale() { uselocale(previous_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  // (locale_t)0, where the system lacks it, leaves the locale as it is.
  static locale_t Shared() {
    static const locale_t shared = newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
    return shared;
  }

  const locale_t previous_;
};

size_t Columns(char32_t value) {
  const int width = wcwidth(static_cast<wchar_t>(value));
  return width < 0 ? 1 : static_cast<size_t>(width);
}

}  // namespace

std::string VisibleText(std::string_view text) { return Visible(text, /*keep_line_ends=*/false); }

std::string VisibleLines(std::string_view text) { return Visible(text, /*keep_line_ends=*/true); }

size_t DisplayWidth(std::string_view visible) {
  const Utf8Locale utf8;
  size_t columns = 0;
  for (size_t i = 0; i < visible.size();) {
    const CodePoint point = FirstCodePoint(visible.substr(i));
    columns += Columns(point.value);
    i += point.length;
  }
  return columns;
}

std::string Shortened(std::string_view visible, size_t columns) {
  if (DisplayWidth(visible) <= columns) return std::string(visible);
  const Utf8Locale utf8;
  size_t used = 0, end = 0;
  while (true) {
    const CodePoint point = FirstCodePoint(visible.substr(end));
    if (used + Columns(point.value) + 1 > columns) break;
    used += Columns(point.value);
    end += point.length;
  }
  return std::string(visible.substr(0, end)) + "…";
}

std::string PaddedRight(std::string_view visible, size_t columns) {
  const size_t width = DisplayWidth(visible);
  return std::string(visible) + std::string(columns > width ? columns - width : 0, ' ');
}

}  // namespace limpid::client
