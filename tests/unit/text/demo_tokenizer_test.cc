#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "text/tokenizer.h"

namespace limpid::text {
namespace {

class DemoTokenizer : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadHfTokenizer(LIMPID_SOURCE_DIR "/tests/models/credit");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    tokenizer_ = *std::move(loaded);
  }

  std::unique_ptr<Tokenizer> tokenizer_;
};

bool SameTokens(const Encoding& a, const Encoding& b) {
  if (a.tokens.size() != b.tokens.size()) return false;
  for (size_t i = 0; i < a.tokens.size(); ++i) {
    if (a.tokens[i].id != b.tokens[i].id || a.tokens[i].end_byte != b.tokens[i].end_byte) return false;
  }
  return true;
}

TEST_F(DemoTokenizer, TokensCoverTheLettersOfTheTextInOrder) {
  const std::string text = "The applicant pays on time, caf\u00E9 owner \U0001F600 since 2019.";

  const auto encoding = tokenizer_->Encode(text, std::nullopt, Truncation::kError, 512);

  ASSERT_TRUE(encoding.ok()) << encoding.status();
  std::string covered, letters;
  for (const Token& token : encoding->tokens) {
    covered += text.substr(token.begin_byte, token.end_byte - token.begin_byte);
  }
  for (const char c : text) {
    if (c != ' ') letters += c;
  }
  EXPECT_EQ(covered, letters);
}

TEST_F(DemoTokenizer, FromIdsGivesTheSpellingsOfAnEncodedText) {
  const auto encoding = tokenizer_->Encode("The applicant pays on time.", std::nullopt, Truncation::kError, 512);
  ASSERT_TRUE(encoding.ok()) << encoding.status();
  std::vector<int32_t> ids;
  for (const Token& token : encoding->tokens) ids.push_back(token.id);

  const auto again = tokenizer_->FromIds(ids);

  ASSERT_TRUE(again.ok()) << again.status();
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(again->tokens[i].text, encoding->tokens[i].text);
    EXPECT_EQ(again->tokens[i].is_special, encoding->tokens[i].is_special);
  }
}

TEST_F(DemoTokenizer, ManyThreadsAtOnceGetWhatOneThreadGets) {
  std::vector<std::string> texts;
  std::vector<Encoding> alone;
  for (int i = 0; i < 50; ++i) {
    texts.push_back("Applicant " + std::to_string(i * 7919) + " missed payments, r\u00E9sum\u00E9 attached.");
    auto encoding = tokenizer_->Encode(texts.back(), std::nullopt, Truncation::kError, 512);
    ASSERT_TRUE(encoding.ok()) << encoding.status();
    alone.push_back(*std::move(encoding));
  }

  std::atomic<int> num_same = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (size_t i = 0; i < texts.size(); ++i) {
          const auto encoding = tokenizer_->Encode(texts[i], std::nullopt, Truncation::kError, 512);
          if (encoding.ok() && SameTokens(*encoding, alone[i])) ++num_same;
        }
      });
    }
  }

  EXPECT_EQ(num_same, 8 * 50);
}

TEST_F(DemoTokenizer, AMegabyteIsTruncatedToTheLimit) {
  std::string text;
  while (text.size() < 1'000'000) text += "applicant pays, ";

  const auto encoding = tokenizer_->Encode(text, text, Truncation::kLongestFirst, 128);

  ASSERT_TRUE(encoding.ok()) << encoding.status();
  EXPECT_EQ(encoding->tokens.size(), 128u);
  EXPECT_TRUE(encoding->truncated);
}

}  // namespace
}  // namespace limpid::text
