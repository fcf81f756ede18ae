#include "methods/lib/allowed_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/fake_engine.h"

namespace limpid::methods {
namespace {

using ::testing::ElementsAre;

// A vocabulary and nothing else; one id is none of it.
class ListTokenizer final : public text::Tokenizer {
 public:
  static constexpr int32_t kGap = 3;

  ListTokenizer() = default;
  ListTokenizer(std::vector<std::string> words, text::Spelling spelling)
      : words_(std::move(words)), spelling_(spelling) {}

  absl::StatusOr<text::Encoding> Encode(std::string_view, std::optional<std::string_view>, text::Truncation,
                                        size_t) const override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<text::Encoding> FromIds(const std::vector<int32_t>& ids) const override {
    text::Encoding encoding;
    for (int32_t id : ids) {
      if (id == kGap) return absl::InvalidArgumentError("a gap");
      text::Token& token = encoding.tokens.emplace_back();
      token.text = words_.at(static_cast<size_t>(id));
      token.is_special = token.text == "[CLS]";
    }
    return encoding;
  }
  absl::StatusOr<std::string> Decode(std::span<const int32_t>, bool) const override {
    return absl::UnimplementedError("");
  }
  std::optional<int32_t> IdOf(std::string_view) const override { return std::nullopt; }
  size_t vocab_size() const override { return words_.size(); }
  text::StandIns stand_ins() const override { return {}; }
  text::Spelling spelling() const override { return spelling_; }

 private:
  const std::vector<std::string> words_ = {"[CLS]", "[unused12]", "good", "",      "##ness",
                                           "café",  "7",          "€",    "don't", "##"};
  const text::Spelling spelling_ = text::Spelling::kPieceMark;
};

engine::ModelCard CardOf(int64_t vocab_size) {
  engine::ModelCard card = testing::ClassifierCard();
  card.vocab_size = vocab_size;
  return card;
}

TEST(AllowedWords, AreNeitherSpecialNorUnusedAndPiecesAreApart) {
  const AllowedWords allowed(ListTokenizer(), CardOf(10), false);
  EXPECT_THAT(*allowed.words, ElementsAre(0, 0, 1, 0, 0, 1, 1, 1, 1, 1));
  EXPECT_THAT(*allowed.pieces, ElementsAre(0, 0, 0, 0, 1, 0, 0, 0, 0, 0));
}

TEST(AllowedWords, MayBeWordsOfLettersOnly) {
  const AllowedWords allowed(ListTokenizer(), CardOf(10), true);
  EXPECT_THAT(*allowed.words, ElementsAre(0, 0, 1, 0, 0, 1, 0, 0, 0, 0));
  EXPECT_THAT(*allowed.pieces, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

TEST(AllowedWords, BeginWordsWhereTheVocabularyMarksBeginnings) {
  // " good", "ness", " café", " 7" and a gap, as GPT-2 spells them.
  const ListTokenizer tokenizer({"\u0120good", "ness", "\u0120caf\u00C3\u00A9", "", "\u01207"},
                                text::Spelling::kByteLevel);
  EXPECT_THAT(*AllowedWords(tokenizer, CardOf(5), false).words, ElementsAre(1, 0, 1, 0, 1));
  EXPECT_THAT(*AllowedWords(tokenizer, CardOf(5), false).pieces, ElementsAre(0, 1, 0, 0, 0));
  EXPECT_THAT(*AllowedWords(tokenizer, CardOf(5), true).words, ElementsAre(1, 0, 1, 0, 0));
}

TEST(AllowedWords, AreAsManyAsTheModelHas) {
  EXPECT_THAT(*AllowedWords(ListTokenizer(), CardOf(3), false).words, ElementsAre(0, 0, 1));
  EXPECT_THAT(*AllowedWords(ListTokenizer(), CardOf(12), false).words, ElementsAre(0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0));
}

}  // namespace
}  // namespace limpid::methods
