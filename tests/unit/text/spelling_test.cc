#include "text/spelling.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace limpid::text {
namespace {

TEST(Spelling, PiecesOfWordsAreMarkedByWordPiece) {
  EXPECT_TRUE(GoesOn("##able", Spelling::kPieceMark));
  EXPECT_FALSE(GoesOn("able", Spelling::kPieceMark));
  EXPECT_FALSE(GoesOn("##", Spelling::kPieceMark));
  EXPECT_EQ(AsText("##able", Spelling::kPieceMark), "able");
  EXPECT_EQ(AsText("able", Spelling::kPieceMark), "able");
}

TEST(Spelling, BeginningsOfWordsAreMarkedByTheOthers) {
  EXPECT_EQ(SpellingOf("able"), std::nullopt);
  EXPECT_EQ(SpellingOf("\u0120able"), Spelling::kByteLevel);
  EXPECT_EQ(SpellingOf("\u2581able"), Spelling::kMetaspace);
  for (const auto& [spelling, marked] :
       {std::pair(Spelling::kByteLevel, "\u0120able"), std::pair(Spelling::kMetaspace, "\u2581able")}) {
    EXPECT_FALSE(GoesOn(marked, spelling));
    EXPECT_TRUE(GoesOn("able", spelling));
    EXPECT_EQ(AsText(marked, spelling), "able");
    EXPECT_EQ(AsText("able", spelling), "able");
  }
}

TEST(Spelling, LettersOfAByteLevelVocabularyAreBytes) {
  // As GPT-2 spells " café", "世" and a tab.
  EXPECT_EQ(AsText("\u0120caf\u00C3\u00A9", Spelling::kByteLevel), "café");
  EXPECT_EQ(AsText("\u00E4\u00B8\u0138", Spelling::kByteLevel), "世");
  EXPECT_EQ(AsText("\u0109", Spelling::kByteLevel), "\t");
  // Half of a character is no text, and some letters are none of these.
  EXPECT_EQ(AsText("\u00C3", Spelling::kByteLevel), "\u00C3");
  EXPECT_EQ(AsText("世", Spelling::kByteLevel), "世");
}

}  // namespace
}  // namespace limpid::text
