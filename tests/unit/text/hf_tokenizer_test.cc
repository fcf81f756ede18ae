#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer.h"
#include "unit/text/tiny_tokenizer.h"

namespace limpid::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr size_t kNoLimit = 1'000'000'000;

class HfTokenizer : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadHfTokenizer(TokenizerFolder("tiny", TinyTokenizerJson().dump()));
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    tokenizer_ = *std::move(loaded);
  }

  // Encodes what must succeed.
  Encoding Encode(std::string_view text, std::optional<std::string_view> pair = std::nullopt,
                  Truncation truncation = Truncation::kError, size_t max_tokens = kNoLimit) const {
    auto encoding = tokenizer_->Encode(text, pair, truncation, max_tokens);
    EXPECT_TRUE(encoding.ok()) << encoding.status();
    return encoding.ok() ? *std::move(encoding) : Encoding{};
  }

  // The error of what must be refused as the caller's mistake.
  std::string Refusal(std::string_view text, std::optional<std::string_view> pair, Truncation truncation,
                      size_t max_tokens) const {
    const auto encoding = tokenizer_->Encode(text, pair, truncation, max_tokens);
    EXPECT_EQ(encoding.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(encoding.status().message());
  }

  std::unique_ptr<Tokenizer> tokenizer_;
};

template <typename Field>
auto Column(const Encoding& encoding, Field field) {
  std::vector<std::decay_t<decltype(std::declval<Token>().*field)>> column;
  for (const Token& token : encoding.tokens) column.push_back(token.*field);
  return column;
}

TEST_F(HfTokenizer, SplitsWordsIntoPiecesBetweenSpecialTokens) {
  const Encoding encoding = Encode("Unbelievable cafe");

  EXPECT_THAT(Column(encoding, &Token::text), ElementsAre("[CLS]", "un", "##believ", "##able", "cafe", "[SEP]"));
  EXPECT_THAT(Column(encoding, &Token::id), ElementsAre(2, 5, 6, 7, 4, 3));
  EXPECT_THAT(Column(encoding, &Token::word), ElementsAre(-1, 0, 0, 0, 1, -1));
  EXPECT_THAT(Column(encoding, &Token::sequence), ElementsAre(-1, 0, 0, 0, 0, -1));
  EXPECT_THAT(Column(encoding, &Token::is_special), ElementsAre(true, false, false, false, false, true));
  EXPECT_FALSE(encoding.truncated);
  EXPECT_EQ(tokenizer_->spelling(), Spelling::kPieceMark);
}

TEST_F(HfTokenizer, OffsetsPointIntoTheTextBeforeNormalisation) {
  // The first é is two code points, and normalisation drops the second one, so that no token covers it; the other é is
  // one code point of two bytes. The emoji has four bytes and is no word of the vocabulary.
  const Encoding encoding = Encode("Cafe\u0301 \U0001F600 caf\u00E9");

  EXPECT_THAT(Column(encoding, &Token::id), ElementsAre(2, 4, 1, 4, 3));
  EXPECT_THAT(Column(encoding, &Token::begin_byte), ElementsAre(0, 0, 7, 12, 0));
  EXPECT_THAT(Column(encoding, &Token::end_byte), ElementsAre(0, 4, 11, 17, 0));
  EXPECT_THAT(Column(encoding, &Token::begin_char), ElementsAre(0, 0, 6, 8, 0));
  EXPECT_THAT(Column(encoding, &Token::end_char), ElementsAre(0, 4, 7, 12, 0));
}

TEST_F(HfTokenizer, EachSequenceOfAPairHasItsOwnOffsetsWordsAndTypeIds) {
  const Encoding encoding = Encode("\u00E0 b", "b cafe");

  EXPECT_THAT(Column(encoding, &Token::id), ElementsAre(2, 8, 9, 3, 9, 4, 3));
  EXPECT_THAT(Column(encoding, &Token::type_id), ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(Column(encoding, &Token::sequence), ElementsAre(-1, 0, 0, -1, 1, 1, -1));
  EXPECT_THAT(Column(encoding, &Token::word), ElementsAre(-1, 0, 1, -1, 0, 1, -1));
  EXPECT_THAT(Column(encoding, &Token::begin_byte), ElementsAre(0, 0, 3, 0, 0, 2, 0));
  EXPECT_THAT(Column(encoding, &Token::begin_char), ElementsAre(0, 0, 2, 0, 0, 2, 0));
}

TEST_F(HfTokenizer, EmptyTextsAreOnlySpecialTokens) {
  EXPECT_THAT(Column(Encode(""), &Token::id), ElementsAre(2, 3));
  EXPECT_THAT(Column(Encode(std::string_view(), std::string_view()), &Token::id), ElementsAre(2, 3, 3));
}

TEST_F(HfTokenizer, NulIsACharacterLikeAnyOther) {
  const Encoding encoding = Encode(std::string_view("a\0 b", 4));

  EXPECT_THAT(Column(encoding, &Token::id), ElementsAre(2, 8, 9, 3));
  EXPECT_THAT(Column(encoding, &Token::begin_byte), ElementsAre(0, 0, 3, 0));
}

TEST_F(HfTokenizer, ATextOfExactlyTheLimitIsNotTruncated) {
  EXPECT_FALSE(Encode("a b a", std::nullopt, Truncation::kError, 5).truncated);
  EXPECT_FALSE(Encode("a b a", std::nullopt, Truncation::kLongestFirst, 5).truncated);
}

TEST_F(HfTokenizer, TooManyTokensWithoutTruncationNamesBothNumbers) {
  const std::string message = Refusal("a b a b", std::nullopt, Truncation::kError, 5);

  EXPECT_THAT(message, HasSubstr("6 tokens (2 of them special)"));
  EXPECT_THAT(message, HasSubstr("at most 5"));
}

TEST_F(HfTokenizer, TruncationKeepsTheBeginningAndTheSpecialTokens) {
  const Encoding encoding = Encode("a b cafe a", std::nullopt, Truncation::kLongestFirst, 4);

  EXPECT_THAT(Column(encoding, &Token::id), ElementsAre(2, 8, 9, 3));
  EXPECT_TRUE(encoding.truncated);
}

TEST_F(HfTokenizer, LongestFirstShortensTheLongerOfAPair) {
  EXPECT_THAT(Column(Encode("a a a a a", "b", Truncation::kLongestFirst, 7), &Token::id),
              ElementsAre(2, 8, 8, 8, 3, 9, 3));
  EXPECT_THAT(Column(Encode("a", "b b b b b", Truncation::kLongestFirst, 7), &Token::id),
              ElementsAre(2, 8, 3, 9, 9, 9, 3));
}

TEST_F(HfTokenizer, OfTwoLongTextsTheLongerKeepsTheOddToken) {
  EXPECT_THAT(Column(Encode("a a a a a a a a a", "b b b b b b b b", Truncation::kLongestFirst, 6), &Token::id),
              ElementsAre(2, 8, 8, 3, 9, 3));
}

TEST_F(HfTokenizer, OnlyFirstAndOnlySecondLeaveTheOtherSequenceWhole) {
  EXPECT_THAT(Column(Encode("a a a", "b b b", Truncation::kOnlyFirst, 7), &Token::id),
              ElementsAre(2, 8, 3, 9, 9, 9, 3));
  EXPECT_THAT(Column(Encode("a a a", "b b b", Truncation::kOnlySecond, 7), &Token::id),
              ElementsAre(2, 8, 8, 8, 3, 9, 3));
}

TEST_F(HfTokenizer, APolicyThatCannotShortenEnoughIsRefusedWithBothNumbers) {
  const std::string first = Refusal("a", "b b b b b", Truncation::kOnlyFirst, 7);
  EXPECT_THAT(first, HasSubstr("9 tokens"));
  EXPECT_THAT(first, HasSubstr("at most 7"));
  EXPECT_THAT(first, HasSubstr("only_first"));

  EXPECT_THAT(Refusal("a b a b", std::nullopt, Truncation::kOnlySecond, 5), HasSubstr("only_second"));
}

TEST_F(HfTokenizer, ALimitThatLeavesNoRoomForTextIsRefused) {
  EXPECT_THAT(Refusal("a", std::nullopt, Truncation::kLongestFirst, 2), HasSubstr("nothing of the text"));
  EXPECT_THAT(Refusal("", std::nullopt, Truncation::kLongestFirst, 0), HasSubstr("at most 0"));
}

TEST_F(HfTokenizer, InvalidUtf8IsRefusedWithItsFieldAndPlace) {
  EXPECT_THAT(Refusal("ab\xFF", std::nullopt, Truncation::kError, kNoLimit),
              HasSubstr("text is not valid UTF-8 at byte 2"));
  EXPECT_THAT(Refusal("ab", "\xC3", Truncation::kError, kNoLimit), HasSubstr("text_pair is not valid UTF-8 at byte 0"));
}

TEST_F(HfTokenizer, FromIdsSpellsTheIdsItIsGiven) {
  const auto encoding = tokenizer_->FromIds({2, 5, 7, 3});

  ASSERT_TRUE(encoding.ok()) << encoding.status();
  EXPECT_THAT(Column(*encoding, &Token::text), ElementsAre("[CLS]", "un", "##able", "[SEP]"));
  EXPECT_THAT(Column(*encoding, &Token::is_special), ElementsAre(true, false, false, true));
  EXPECT_THAT(Column(*encoding, &Token::sequence), ElementsAre(-1, 0, 0, -1));
  EXPECT_THAT(Column(*encoding, &Token::end_byte), ElementsAre(0, 0, 0, 0));
}

TEST_F(HfTokenizer, FromIdsRefusesAnIdOutsideTheVocabulary) {
  ASSERT_EQ(tokenizer_->vocab_size(), 10u);
  for (const int32_t bad : {10, -1, 2'147'483'647}) {
    const auto encoding = tokenizer_->FromIds({2, bad});
    EXPECT_EQ(encoding.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(encoding.status().message()),
                HasSubstr("token_ids[1] is " + std::to_string(bad) + ", outside the vocabulary of 10 tokens"));
  }
}

// A tokenizer of RoBERTa's kin: its special tokens in front, `mask` behind the words.
std::unique_ptr<Tokenizer> LoadKin(const std::string& name, nlohmann::json model, nlohmann::json pre_tokenizer,
                                   nlohmann::json post_processor, int mask) {
  nlohmann::json json = TinyTokenizerJson();
  json["normalizer"] = json["decoder"] = nullptr;
  json["model"] = std::move(model);
  json["pre_tokenizer"] = std::move(pre_tokenizer);
  json["post_processor"] = std::move(post_processor);
  nlohmann::json special = json["added_tokens"][0];
  json["added_tokens"].clear();
  for (const auto& [content, id] : {std::pair("<s>", 0), std::pair("<pad>", 1), std::pair("</s>", 2),
                                    std::pair("<unk>", 3), std::pair("<mask>", mask)}) {
    special["content"] = content;
    special["id"] = id;
    json["added_tokens"].push_back(special);
  }
  auto loaded = LoadHfTokenizer(TokenizerFolder(name, json.dump()));
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return loaded.ok() ? *std::move(loaded) : nullptr;
}

void ExpectRobertasStandIns(const Tokenizer& tokenizer, int mask) {
  EXPECT_EQ(tokenizer.stand_ins().mask, mask);
  EXPECT_EQ(tokenizer.stand_ins().pad, 1);
  EXPECT_EQ(tokenizer.stand_ins().unknown, 3);
}

TEST(HfTokenizerOfRoberta, LeavesTheSpaceOutOfAWordAndHasOneSegment) {
  const auto tokenizer = LoadKin(
      "byte_level",
      {{"type", "WordLevel"},
       {"vocab", {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}, {"\u0120a", 4}, {"b", 5}, {"<mask>", 6}}},
       {"unk_token", "<unk>"}},
      {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}},
      {{"type", "RobertaProcessing"},
       {"sep", {"</s>", 2}},
       {"cls", {"<s>", 0}},
       {"trim_offsets", true},
       {"add_prefix_space", false}},
      6);
  ASSERT_NE(tokenizer, nullptr);

  const auto encoding = tokenizer->Encode("b a", "b", Truncation::kError, kNoLimit);

  ASSERT_TRUE(encoding.ok()) << encoding.status();
  EXPECT_THAT(Column(*encoding, &Token::id), ElementsAre(0, 5, 4, 2, 2, 5, 2));
  EXPECT_THAT(Column(*encoding, &Token::type_id), testing::Each(0));
  EXPECT_THAT(Column(*encoding, &Token::word), ElementsAre(-1, 0, 1, -1, -1, 0, -1));
  EXPECT_THAT(Column(*encoding, &Token::begin_byte), ElementsAre(0, 0, 2, 0, 0, 0, 0));
  EXPECT_THAT(Column(*encoding, &Token::end_byte), ElementsAre(0, 1, 3, 0, 0, 1, 0));
  ExpectRobertasStandIns(*tokenizer, 6);
  EXPECT_EQ(tokenizer->spelling(), Spelling::kByteLevel);
}

TEST(HfTokenizerOfXlmRoberta, JoinsPiecesIntoWords) {
  const auto tokenizer = LoadKin(
      "metaspace", nlohmann::json::parse(R"({"type": "Unigram", "unk_id": 3, "byte_fallback": false,
        "vocab": [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581", -2.0], ["\u2581a", -1.0],
                  ["b", -1.0], ["<mask>", 0.0]]})"),
      {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}, {"split", true}}, nullptr, 7);
  ASSERT_NE(tokenizer, nullptr);

  const auto encoding = tokenizer->Encode("a b", std::nullopt, Truncation::kError, kNoLimit);

  ASSERT_TRUE(encoding.ok()) << encoding.status();
  EXPECT_THAT(Column(*encoding, &Token::id), ElementsAre(5, 4, 6));
  EXPECT_THAT(Column(*encoding, &Token::word), ElementsAre(0, 1, 1));
  EXPECT_THAT(Column(*encoding, &Token::end_byte), ElementsAre(1, 2, 3));
  ExpectRobertasStandIns(*tokenizer, 7);
  EXPECT_EQ(tokenizer->spelling(), Spelling::kMetaspace);
}

}  // namespace
}  // namespace limpid::text
