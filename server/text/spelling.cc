#include "text/spelling.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace limpid::text {
namespace {

constexpr std::string_view kPieceMark = "##", kByteLevelMark = "\u0120", kMetaspaceMark = "\u2581";

// GPT-2's letters: a printable byte of Latin-1 is its own code point, the others follow from U+0100 on.
constexpr size_t kLetterOfNul = 0x100;
constexpr auto kByteOfLetter = [] {
  std::array<uint8_t, kLetterOfNul + 68> bytes{};
  size_t next = kLetterOfNul;
  for (size_t byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    bytes[is_printable ? byte : next++] = static_cast<uint8_t>(byte);
  }
  return bytes;
}();

// As they are, if one of them stands for no byte.
std::string BytesOf(std::string_view letters) {
  std::string bytes;
  for (size_t i = 0; i < letters.size(); ++i) {
    const auto lead = static_cast<uint8_t>(letters[i]);
    const bool is_of_two = lead >= 0xC2 && lead < 0xE0 && i + 1 < letters.size();
    const size_t letter = is_of_two ? (lead & 0x1Fu) << 6 | (static_cast<uint8_t>(letters[i + 1]) & 0x3Fu) : lead;
    const bool is_byte = letter < kByteOfLetter.size() && (kByteOfLetter[letter] != 0 || letter == kLetterOfNul);
    if (!is_byte || (lead >= 0x80 && !is_of_two)) return std::string(letters);
    bytes.push_back(static_cast<char>(kByteOfLetter[letter]));
    if (is_of_two) ++i;
  }
  return bytes;
}

std::string_view WithoutFirst(std::string_view entry, std::string_view mark) {
  return entry.starts_with(mark) ? entry.substr(mark.size()) : entry;
}

}  // namespace

std::optional<Spelling> SpellingOf(std::string_view entry) {
  if (entry.starts_with(kByteLevelMark)) return Spelling::kByteLevel;
  if (entry.starts_with(kMetaspaceMark)) return Spelling::kMetaspace;
  if (entry.starts_with(kPieceMark) && entry.size() > kPieceMark.size()) return Spelling::kPieceMark;
  return std::nullopt;
}

bool GoesOn(std::string_view entry, Spelling spelling) {
  return (SpellingOf(entry) == spelling) == (spelling == Spelling::kPieceMark);
}

std::string AsText(std::string_view entry, Spelling spelling) {
  switch (spelling) {
    case Spelling::kPieceMark:
      return std::string(GoesOn(entry, spelling) ? entry.substr(kPieceMark.size()) : entry);
    case Spelling::kMetaspace:
      return std::string(WithoutFirst(entry, kMetaspaceMark));
    case Spelling::kByteLevel:
      break;
  }
  std::string text = BytesOf(WithoutFirst(entry, kByteLevelMark));
  return FindInvalidUtf8(text).has_value() ? std::string(entry) : text;
}

}  // namespace limpid::text
