#include "explain/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "support/fake_tokenizer.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using testing::FakeTokenizer;
using ::testing::FloatEq;

text::Encoding Encode(std::string_view text, std::optional<std::string_view> pair = std::nullopt) {
  return *FakeTokenizer().Encode(text, pair, text::Truncation::kError, 100);
}

// (begin_token, end_token, sequence, is_special)
auto TokensOf(const std::vector<Unit>& units) {
  std::vector<std::tuple<uint32_t, uint32_t, int32_t, bool>> tokens;
  for (const Unit& unit : units) tokens.emplace_back(unit.begin_token, unit.end_token, unit.sequence, unit.is_special);
  return tokens;
}

TEST(Units, OfTokensAreTheTokens) {
  const std::vector<Unit> units = MakeUnits(Encode("un-like us"), Granularity::kToken, {}, {});

  EXPECT_THAT(TokensOf(units),
              ElementsAre(std::tuple(0, 1, -1, true), std::tuple(1, 2, 0, false), std::tuple(2, 3, 0, false),
                          std::tuple(3, 4, 0, false), std::tuple(4, 5, -1, true)));
  EXPECT_EQ(units[2].begin_byte, 3);
  EXPECT_EQ(units[2].end_byte, 7);
}

TEST(Units, OfWordsSpanTheTokensOfAWordAndLeaveSpecialTokensAlone) {
  const std::vector<Unit> units = MakeUnits(Encode("un-believ-able us"), Granularity::kWord, {}, {});

  EXPECT_THAT(TokensOf(units), ElementsAre(std::tuple(0, 1, -1, true), std::tuple(1, 4, 0, false),
                                           std::tuple(4, 5, 0, false), std::tuple(5, 6, -1, true)));
  EXPECT_EQ(units[1].begin_byte, 0);
  EXPECT_EQ(units[1].end_byte, 14);
  EXPECT_EQ(units[1].begin_char, 0);
  EXPECT_EQ(units[1].end_char, 14);
}

TEST(Units, AWordDoesNotReachIntoTheOtherText) {
  text::Encoding encoding = Encode("one", "two");
  // As with a model without a separator between its texts: both words have index 0 and are neighbours.
  std::erase_if(encoding.tokens, [](const text::Token& token) { return token.is_special; });

  EXPECT_THAT(TokensOf(MakeUnits(encoding, Granularity::kWord, {}, {})),
              ElementsAre(std::tuple(0, 1, 0, false), std::tuple(1, 2, 1, false)));
}

TEST(Units, IdsThatBelongToNoWordAreUnitsOfTheirOwn) {
  const text::Encoding encoding = *FakeTokenizer().FromIds({1, 50, 51, 2});

  EXPECT_THAT(TokensOf(MakeUnits(encoding, Granularity::kWord, {}, {})),
              ElementsAre(std::tuple(0, 1, -1, true), std::tuple(1, 2, 0, false), std::tuple(2, 3, 0, false),
                          std::tuple(3, 4, -1, true)));
}

TEST(Units, AWordsScoreIsTheSumOfItsTokens) {
  const std::vector<Unit> units = MakeUnits(Encode("un-believ-able us"), Granularity::kWord, {}, {});

  EXPECT_THAT(ScoresByUnit({1, 2, -3, 4, 5, 6}, units, Aggregation::kSum),
              ElementsAre(FloatEq(1), FloatEq(3), FloatEq(5), FloatEq(6)));
}

}  // namespace
}  // namespace limpid::explain
