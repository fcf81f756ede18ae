// Ids to text, all at once and one by one, by tokenizers that spell characters in bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/incremental_decoder.h"
#include "text/tokenizer.h"
#include "text/utf8.h"
#include "unit/text/generator_tokenizers.h"

namespace limpid::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kReplacement[] = "\uFFFD";

// A thumb of a skin colour is two code points of four bytes, the family three joined by a code point of three.
const char* const kTexts[] = {"",
                              "a",
                              "the cat sat",
                              "  a  b ",
                              "naïve café",
                              "世界",
                              "a世b",
                              "\U0001F44D\U0001F3FD",
                              "\U0001F468\u200D\U0001F469\u200D\U0001F467 the",
                              "a\n\tb"};

std::unique_ptr<Tokenizer> Load(const std::string& name, const nlohmann::json& json) {
  auto loaded = LoadHfTokenizer(TokenizerFolder(name, json.dump()));
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return *std::move(loaded);
}

// "\u00E4\u00B8" is how GPT-2 spells the first two bytes of "世", "\u0138\u00E7" its last and the first of "界".
std::unique_ptr<Tokenizer> Gpt2() {
  return Load("gpt2", Gpt2Json({{"t", "h"}, {"th", "e"}, {"\u0120", "c"}, {"\u00E4", "\u00B8"}, {"\u0138", "\u00E7"}}));
}
std::unique_ptr<Tokenizer> Llama() {
  return Load("llama", LlamaJson({{"t", "h"}, {"th", "e"}, {"\u2581", "the"}, {"\u2581", "a"}}));
}

std::vector<int32_t> Ids(const Tokenizer& tokenizer, const std::string& text) {
  std::vector<int32_t> ids;
  for (const Token& token : tokenizer.Encode(text, std::nullopt, Truncation::kError, 1000)->tokens) {
    ids.push_back(token.id);
  }
  return ids;
}

std::vector<int32_t> IdsOf(const Tokenizer& tokenizer, const std::vector<std::string>& spellings) {
  std::vector<int32_t> ids;
  for (const std::string& spelling : spellings) ids.push_back(tokenizer.IdOf(spelling).value_or(-1));
  return ids;
}

std::string Decoded(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  const auto text = tokenizer.Decode(ids, /*skip_special_tokens=*/true);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

// What each id adds, and what is left at the end.
std::vector<std::string> Parts(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  IncrementalDecoder decoder(tokenizer);
  std::vector<std::string> parts;
  for (int32_t id : ids) parts.push_back(decoder.Append(id).value_or("refused"));
  parts.push_back(decoder.Flush().value_or("refused"));
  EXPECT_EQ(decoder.Flush().value_or("refused"), "");
  return parts;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

TEST(Decode, GivesTheTextBack) {
  for (const auto& tokenizer : {Gpt2(), Llama()}) {
    for (const std::string text : kTexts) EXPECT_EQ(Decoded(*tokenizer, Ids(*tokenizer, text)), text);
  }
}

TEST(Decode, LeavesSpecialTokensOutIfTold) {
  const auto tokenizer = Llama();
  const std::vector<int32_t> ids = IdsOf(*tokenizer, {"<s>", "\u2581the", "</s>"});

  EXPECT_EQ(tokenizer->Decode(ids, true).value(), "the");
  EXPECT_EQ(tokenizer->Decode(ids, false).value(), "<s> the</s>");
  EXPECT_EQ(tokenizer->Decode({}, true).value(), "");
}

TEST(Decode, JoinsThePiecesOfWordPiece) {
  const auto tokenizer = Load("tiny", TinyTokenizerJson());
  EXPECT_EQ(Decoded(*tokenizer, Ids(*tokenizer, "unbelievable cafe")), "unbelievable cafe");
}

TEST(Decode, MakesReplacementCharactersOfBytesThatAreNoUtf8) {
  EXPECT_EQ(Decoded(*Gpt2(), {0xE4, 0xB8}), kReplacement);
  EXPECT_EQ(Decoded(*Gpt2(), {0xFF, 'a'}), kReplacement + std::string("a"));
}

TEST(Decode, RefusesAnIdOutsideTheVocabulary) {
  const auto tokenizer = Load("tiny", TinyTokenizerJson());
  for (const int32_t bad : {10, -1, 2'147'483'647}) {
    const auto text = tokenizer->Decode(std::vector{2, bad}, true);
    EXPECT_EQ(text.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(text.status().message()),
                HasSubstr("token_ids[1] is " + std::to_string(bad) + ", outside the vocabulary of 10 tokens"));
  }
}

TEST(IdOf, FindsTokensByTheirOwnSpelling) {
  const auto tokenizer = Llama();
  EXPECT_EQ(tokenizer->IdOf("</s>"), 2);
  EXPECT_EQ(tokenizer->IdOf("<0x0A>"), 3 + 0x0A);
  EXPECT_EQ(tokenizer->IdOf("\u2581"), 259);
  for (const char* unknown : {"", " the", "\xFF"}) EXPECT_EQ(tokenizer->IdOf(unknown), std::nullopt);
}

TEST(IncrementalDecoder, PartsMakeUpTheWholeAndCutNoCharacter) {
  for (const auto& tokenizer : {Gpt2(), Llama()}) {
    for (const std::string text : kTexts) {
      const std::vector<std::string> parts = Parts(*tokenizer, Ids(*tokenizer, text));

      EXPECT_EQ(Joined(parts), text);
      EXPECT_EQ(parts.back(), "");
      for (const std::string& part : parts) EXPECT_EQ(FindInvalidUtf8(part), std::nullopt) << text;
    }
  }
}

TEST(IncrementalDecoder, HoldsACharacterBackUntilItsLastByte) {
  const auto gpt2 = Gpt2(), llama = Llama();
  EXPECT_THAT(Parts(*gpt2, Ids(*gpt2, "a世界b")), ElementsAre("a", "", "", "", "世界", "b", ""));
  EXPECT_THAT(Parts(*llama, Ids(*llama, "a世b")), ElementsAre("a", "", "", "世", "b", ""));
}

TEST(IncrementalDecoder, KeepsTheSpacesThatADecoderTakesFromFirstTokensOnly) {
  const auto tokenizer = Llama();
  EXPECT_THAT(Parts(*tokenizer, IdsOf(*tokenizer, {"<s>", "\u2581the", "\u2581a", "</s>", "\u2581", "\u2581the"})),
              ElementsAre("", "the", " a", "", " ", " the", ""));
}

TEST(IncrementalDecoder, FlushesACharacterThatHasOnlyBegun) {
  const auto gpt2 = Gpt2(), llama = Llama();
  const auto halves = IdsOf(*llama, {"\u2581a", "<0xE4>", "<0xB8>"});
  EXPECT_THAT(Parts(*gpt2, {'a', 0xE4, 0xB8}), ElementsAre("a", "", "", kReplacement));
  EXPECT_EQ(Joined(Parts(*llama, halves)), Decoded(*llama, halves));
}

TEST(IncrementalDecoder, BytesThatNeverBecomeACharacterHoldNothingBackForGood) {
  EXPECT_THAT(Parts(*Gpt2(), {0xE4, 'a', 'b'}), ElementsAre("", kReplacement + std::string("a"), "b", ""));

  // Llama's decoder reads bytes in a row as one text, or as none of them: "世" is returned by then.
  const auto llama = Llama();
  const auto ids = IdsOf(*llama, {"<0xE4>", "<0xB8>", "<0x96>", "<0xE7>", "a"});
  const std::string three = std::string(kReplacement) + kReplacement + kReplacement;
  EXPECT_EQ(Decoded(*llama, ids), kReplacement + three + "a");
  EXPECT_THAT(Parts(*llama, ids), ElementsAre("", "", "世", "", three + "a", ""));
}

TEST(IncrementalDecoder, AnIdOutsideTheVocabularyCountsForNothing) {
  const auto tokenizer = Gpt2();
  IncrementalDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.Append('a').value(), "a");
  EXPECT_EQ(decoder.Append(1000).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(decoder.Append('b').value(), "b");
}

}  // namespace
}  // namespace limpid::text
