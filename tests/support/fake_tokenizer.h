#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "text/tokenizer.h"

namespace limpid::testing {

// Words end at spaces, pieces of a word after '-': "un-believ-able" is three tokens of one word. Between [CLS] (id 1)
// and [SEP] (id 2); a word piece's id is 10 and more. ASCII only. Every policy that truncates cuts the end of the text.
class FakeTokenizer final : public text::Tokenizer {
 public:
  static constexpr int32_t kCls = 1, kSep = 2, kMask = 3, kUnknown = 4, kVocabSize = 1000;

  absl::StatusOr<text::Encoding> Encode(std::string_view text, std::optional<std::string_view> text_pair,
                                        text::Truncation truncation, size_t max_tokens) const override {
    std::vector<text::Token> first = Pieces(text, 0), second;
    if (text_pair.has_value()) second = Pieces(*text_pair, 1);
    const size_t added = text_pair.has_value() ? 3 : 2, total = first.size() + second.size() + added;
    const size_t excess = total > max_tokens ? total - max_tokens : 0;
    if (excess > 0 && (truncation == text::Truncation::kError || excess >= first.size())) {
      return absl::InvalidArgumentError(absl::StrCat(total, " tokens, but at most ", max_tokens, " are allowed"));
    }
    first.resize(first.size() - excess);
    text::Encoding encoding;
    encoding.truncated = excess > 0;
    encoding.tokens.push_back(Special("[CLS]", kCls, 0));
    Append(std::move(first), 0, &encoding.tokens);
    if (text_pair.has_value()) Append(std::move(second), 1, &encoding.tokens);
    return encoding;
  }

  absl::StatusOr<text::Encoding> FromIds(const std::vector<int32_t>& ids) const override {
    text::Encoding encoding;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] < 0 || ids[i] >= kVocabSize) {
        return absl::InvalidArgumentError(
            absl::StrCat("token_ids[", i, "] is ", ids[i], ", outside the vocabulary of ", kVocabSize, " tokens"));
      }
      text::Token token = Special(absl::StrCat("#", ids[i]), ids[i], 0);
      token.is_special = ids[i] == kCls || ids[i] == kSep;
      token.sequence = token.is_special ? -1 : 0;
      encoding.tokens.push_back(std::move(token));
    }
    return encoding;
  }

  // As FromIds spells them, a space between two.
  absl::StatusOr<std::string> Decode(std::span<const int32_t> ids, bool skip_special_tokens) const override {
    const auto encoding = FromIds({ids.begin(), ids.end()});
    if (!encoding.ok()) return encoding.status();
    std::string text;
    for (const text::Token& token : encoding->tokens) {
      if (skip_special_tokens && token.is_special) continue;
      absl::StrAppend(&text, text.empty() ? "" : " ", token.text);
    }
    return text;
  }

  std::optional<int32_t> IdOf(std::string_view token) const override {
    int32_t id;
    const bool is_known =
        token.starts_with('#') && absl::SimpleAtoi(std::string(token.substr(1)), &id) && id >= 0 && id < kVocabSize;
    return is_known ? std::optional(id) : std::nullopt;
  }

  size_t vocab_size() const override { return kVocabSize; }
  // No padding.
  text::StandIns stand_ins() const override { return {.mask = kMask, .pad = -1, .unknown = kUnknown}; }

 private:
  static text::Token Special(std::string spelling, int32_t id, int32_t type_id) {
    text::Token token;
    token.text = std::move(spelling);
    token.id = id;
    token.type_id = type_id;
    token.is_special = true;
    return token;
  }

  static std::vector<text::Token> Pieces(std::string_view text, int32_t sequence) {
    std::vector<text::Token> pieces;
    int32_t word = -1;
    bool starts_word = true;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find_first_of(" -", begin), text.size());
      if (end > begin) {
        if (starts_word) ++word;
        pieces.push_back(Piece(text.substr(begin, end - begin), begin, {word, sequence}));
        starts_word = false;
      }
      if (end < text.size() && text[end] == ' ') starts_word = true;
      begin = end + 1;
    }
    return pieces;
  }

  struct Place {
    int32_t word, sequence;
  };
  static text::Token Piece(std::string_view spelling, size_t begin, Place place) {
    text::Token token;
    token.text = spelling;
    token.id = 10;
    for (char c : spelling) token.id = 10 + (token.id * 7 + c) % (kVocabSize - 10);
    token.type_id = place.sequence;
    token.sequence = place.sequence;
    token.word = place.word;
    token.begin_byte = token.begin_char = static_cast<uint32_t>(begin);
    token.end_byte = token.end_char = static_cast<uint32_t>(begin + spelling.size());
    return token;
  }

  static void Append(std::vector<text::Token> pieces, int32_t type_id, std::vector<text::Token>* tokens) {
    std::move(pieces.begin(), pieces.end(), std::back_inserter(*tokens));
    tokens->push_back(Special("[SEP]", kSep, type_id));
  }
};

}  // namespace limpid::testing
