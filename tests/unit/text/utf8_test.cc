#include "text/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace limpid::text {
namespace {

using testing::ElementsAre;

std::string Utf8(uint32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | (c >> 6)), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | (c >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (c >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EveryCodePointButTheSurrogatesIsValid) {
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    const bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    ASSERT_EQ(FindInvalidUtf8(Utf8(c)).has_value(), is_surrogate) << std::hex << c;
  }
}

TEST(Utf8, AnythingAboveTheLastCodePointIsInvalid) {
  EXPECT_EQ(FindInvalidUtf8(Utf8(0x110000)), 0u);
  for (int first = 0xF5; first <= 0xFF; ++first) {
    EXPECT_EQ(FindInvalidUtf8(std::string{static_cast<char>(first), '\x80', '\x80', '\x80'}), 0u) << first;
  }
}

TEST(Utf8, OverlongFormsAreInvalid) {
  EXPECT_EQ(FindInvalidUtf8("\xC0\xAF"), 0u);
  EXPECT_EQ(FindInvalidUtf8("\xC1\xBF"), 0u);
  EXPECT_EQ(FindInvalidUtf8("\xE0\x9F\xBF"), 0u);
  EXPECT_EQ(FindInvalidUtf8("\xF0\x8F\xBF\xBF"), 0u);
}

TEST(Utf8, APrefixOfASequenceIsInvalidWhereverTheTextEnds) {
  for (const uint32_t c : {0xE9u, 0x20ACu, 0x1F600u}) {
    const std::string whole = Utf8(c);
    for (size_t length = 1; length < whole.size(); ++length) {
      EXPECT_EQ(FindInvalidUtf8("ab" + whole.substr(0, length)), 2u);
      EXPECT_EQ(FindInvalidUtf8("ab" + whole.substr(0, length) + "c"), 2u);
    }
  }
}

TEST(Utf8, AStrayContinuationIsNamedByItsPosition) { EXPECT_EQ(FindInvalidUtf8("caf\xC3\xA9\xA9"), 5u); }

TEST(Utf8, EmptyTextAndNulAreValid) {
  EXPECT_EQ(FindInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(Utf8, CodePointIndexCountsEachCodePointOnceWhateverItsLength) {
  EXPECT_THAT(CodePointIndex("a\u00E9\u20AC\U0001F600"), ElementsAre(0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4));
  EXPECT_THAT(CodePointIndex(""), ElementsAre(0));
}

}  // namespace
}  // namespace limpid::text
