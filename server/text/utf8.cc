#include "text/utf8.h"

namespace limpid::text {
namespace {

// What may follow a first byte: `length` bytes in all, the second one within [second_min, second_max], any further
// one within [0x80, 0xBF]. Length 0: no sequence begins with this byte.
struct Sequence {
  size_t length;
  uint8_t second_min = 0x80, second_max = 0xBF;
};

Sequence SequenceOf(uint8_t first) {
  if (first < 0x80) return {1};
  if (first < 0xC2) return {0};  // a continuation, or an overlong form of ASCII
  if (first < 0xE0) return {2};
  if (first == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (first == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (first < 0xF0) return {3};
  if (first == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (first < 0xF4) return {4};
  if (first == 0xF4) return {4, 0x80, 0x8F};  // above: beyond U+10FFFF
  return {0};
}

bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the well-formed sequence at the front of non-empty `text`, 0 when there is none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const Sequence sequence = SequenceOf(byte(0));
  if (sequence.length > text.size()) return 0;
  if (sequence.length < 2) return sequence.length;
  if (byte(1) < sequence.second_min || byte(1) > sequence.second_max) return 0;
  for (size_t i = 2; i < sequence.length; ++i) {
    if (!IsContinuation(byte(i))) return 0;
  }
  return sequence.length;
}

}  // namespace

std::optional<size_t> FindInvalidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = SequenceLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::vector<uint32_t> CodePointIndex(std::string_view text) {
  std::vector<uint32_t> index(text.size() + 1);
  uint32_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsContinuation(static_cast<uint8_t>(text[i]))) ++count;
    index[i] = count - 1;
  }
  index[text.size()] = count;
  return index;
}

}  // namespace limpid::text
