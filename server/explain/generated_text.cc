#include "explain/generated_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/status_macros.h"

namespace limpid::explain {
namespace {

// Code points: bytes that go on with one begin with 10.
uint32_t CountChars(const std::string& text) {
  return static_cast<uint32_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

absl::StatusOr<GeneratedText::Added> GeneratedText::Append(int32_t id) {
  ABSL_ASSIGN_OR_RETURN(text::Encoding encoding, tokenizer_.FromIds({id}));
  ABSL_ASSIGN_OR_RETURN(const std::string decoded, decoder_.Append(id));
  Added added = {Place(std::move(encoding.tokens.front()), decoded), stops_.Append(decoded)};
  text_ += added.text;
  return added;
}

absl::StatusOr<std::string> GeneratedText::Flush() {
  if (has_stopped()) return "";
  ABSL_ASSIGN_OR_RETURN(const std::string decoded, decoder_.Flush());
  std::string rest = stops_.Append(decoded);
  if (!has_stopped()) rest += stops_.Flush();
  text_ += rest;
  return rest;
}

text::Token GeneratedText::Place(text::Token token, const std::string& decoded) {
  token.sequence = token.is_special ? -1 : 1;
  token.begin_byte = num_bytes_;
  token.begin_char = num_chars_;
  token.end_byte = num_bytes_ += static_cast<uint32_t>(decoded.size());
  token.end_char = num_chars_ += CountChars(decoded);
  if (token.is_special) return token;
  // Words are what white space parts.
  const bool begins_word =
      word_ < 0 || (!decoded.empty() && std::isspace(static_cast<unsigned char>(decoded.front())) != 0);
  if (begins_word) ++word_;
  token.word = word_;
  return token;
}

}  // namespace limpid::explain
