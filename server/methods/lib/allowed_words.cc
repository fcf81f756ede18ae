#include "methods/lib/allowed_words.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace limpid::methods {
namespace {

constexpr std::string_view kUnusedMark = "[unused";

// Whether code points of these first two bytes are punctuation or symbols as a rule: what Latin-1 has of them, U+2000
// to U+2FFF, U+3000 to U+303F and from U+F000 on.
bool IsSymbol(unsigned char lead, unsigned char next) {
  return lead == 0xC2 || lead == 0xE2 || lead == 0xEF || (lead == 0xE3 && next == 0x80) ||
         (lead == 0xC3 && (next == 0x97 || next == 0xB7));
}

// Of valid UTF-8.
bool IsOfLetters(std::string_view spelling) {
  for (size_t i = 0; i < spelling.size(); ++i) {
    const auto byte = static_cast<unsigned char>(spelling[i]);
    if (byte < 0x80 && std::isalpha(byte) == 0) return false;
    if (byte >= 0xC0 && IsSymbol(byte, static_cast<unsigned char>(spelling[i + 1]))) return false;
  }
  return true;
}

}  // namespace

AllowedWords::AllowedWords(const text::Tokenizer& tokenizer, const engine::ModelCard& model, bool words_only) {
  const auto size = static_cast<size_t>(model.vocab_size);
  const text::Spelling spelling = tokenizer.spelling();
  std::vector<uint8_t> are_words(size, 0), are_pieces(size, 0);
  for (size_t id = 0; id < std::min(size, tokenizer.vocab_size()); ++id) {
    const absl::StatusOr<text::Encoding> known = tokenizer.FromIds({static_cast<int32_t>(id)});
    if (!known.ok()) continue;  // a gap in the vocabulary
    const text::Token& token = known->tokens.front();
    if (token.is_special || token.text.empty() || token.text.starts_with(kUnusedMark)) continue;
    const bool is_piece = text::GoesOn(token.text, spelling);
    if (words_only && (is_piece || !IsOfLetters(text::AsText(token.text, spelling)))) continue;
    (is_piece ? are_pieces : are_words)[id] = 1;
  }
  words = std::make_shared<const std::vector<uint8_t>>(std::move(are_words));
  pieces = std::make_shared<const std::vector<uint8_t>>(std::move(are_pieces));
}

}  // namespace limpid::methods
