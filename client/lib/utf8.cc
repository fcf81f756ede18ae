#include "lib/utf8.h"

#include <cstdint>

namespace limpid::client {
namespace {

struct Shape {
  size_t length;
  char32_t lead_bits;
  char32_t smallest;  // anything below is an overlong form
};

std::optional<Shape> ShapeOf(uint8_t lead) {
  if (lead < 0x80) return Shape{1, lead, 0};
  if ((lead & 0xE0) == 0xC0) return Shape{2, char32_t{lead} & 0x1F, 0x80};
  if ((lead & 0xF0) == 0xE0) return Shape{3, char32_t{lead} & 0x0F, 0x800};
  if ((lead & 0xF8) == 0xF0) return Shape{4, char32_t{lead} & 0x07, 0x10000};
  return std::nullopt;
}

}  // namespace

CodePoint FirstCodePoint(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const CodePoint ill_formed{lead, 1, false};
  const std::optional<Shape> shape = ShapeOf(lead);
  if (!shape.has_value() || text.size() < shape->length) return ill_formed;
  char32_t value = shape->lead_bits;
  for (size_t i = 1; i < shape->length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0) != 0x80) return ill_formed;
    value = value << 6 | (byte & 0x3F);
  }
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < shape->smallest || value > 0x10FFFF || is_surrogate) return ill_formed;
  return {value, shape->length, true};
}

std::optional<size_t> FindInvalidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = FirstCodePoint(text.substr(i));
    if (!point.valid) return i;
    i += point.length;
  }
  return std::nullopt;
}

}  // namespace limpid::client
