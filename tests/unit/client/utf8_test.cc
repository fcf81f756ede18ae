#include "lib/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace limpid::client {
namespace {

TEST(Utf8, ReadsOneToFourBytes) {
  EXPECT_EQ(FirstCodePoint("a").value, U'a');
  EXPECT_EQ(FirstCodePoint("é").value, U'é');
  EXPECT_EQ(FirstCodePoint("語").value, U'語');
  EXPECT_EQ(FirstCodePoint("🙂").value, U'🙂');
  EXPECT_EQ(FirstCodePoint("🙂x").length, 4u);
}

TEST(Utf8, FindsWhereTextStopsBeingUtf8) {
  EXPECT_EQ(FindInvalidUtf8("añ語🙂\xF4\x8F\xBF\xBF"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("ab\xFF"), 2u);
  EXPECT_EQ(FindInvalidUtf8("é\xC3"), 2u) << "cut off";
  EXPECT_EQ(FindInvalidUtf8("\xC0\x80"), 0u) << "overlong";
  EXPECT_EQ(FindInvalidUtf8("\xED\xA0\x80"), 0u) << "surrogate";
  EXPECT_EQ(FindInvalidUtf8("\xF4\x90\x80\x80"), 0u) << "above U+10FFFF";
  EXPECT_EQ(FindInvalidUtf8("\xE8\x61\x61"), 0u) << "no continuation";
  EXPECT_EQ(FindInvalidUtf8("\x80"), 0u) << "continuation alone";
}

}  // namespace
}  // namespace limpid::client
