#include "lib/render/heatmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

struct Scored {
  uint32_t begin_byte, end_byte;
  float score;
  int32_t sequence = 0;
};

v1::Attribution Attribution(const std::vector<Scored>& units, bool is_signed = false) {
  v1::Attribution attribution;
  attribution.mutable_card()->set_is_signed(is_signed);
  for (const Scored& scored : units) {
    attribution.add_scores(scored.score);
    v1::Unit* unit = attribution.add_units();
    unit->set_begin_byte(scored.begin_byte);
    unit->set_end_byte(scored.end_byte);
    unit->set_sequence(scored.sequence);
  }
  return attribution;
}

std::string Plain(const v1::Attribution& attribution, std::string_view text, size_t columns = 80) {
  return Heatmap(attribution, {text, ""}, 0, Palette(ColorMode::kNone), columns);
}

// With "<heat text>" for what is drawn on other than plain paper.
std::string Marked(const v1::Attribution& attribution, const SentTexts& texts, int32_t sequence = 0) {
  const Palette palette(ColorMode::kTrueColor);
  std::string marked = Heatmap(attribution, texts, sequence, palette, 80);
  for (const double heat : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
    const std::string styled = palette.OnPaper("|", heat);
    const std::string before = styled.substr(0, styled.find('|'));
    for (size_t at = marked.find(before); at != std::string::npos; at = marked.find(before)) {
      const size_t end = marked.find("\x1b[0m", at);
      const std::string text = marked.substr(at + before.size(), end - at - before.size());
      marked.replace(at, end + 4 - at, heat == 0 ? text : absl::StrCat("<", heat * 2, " ", text, ">"));
    }
  }
  return marked;
}

TEST(Heatmap, TintsTheOriginalTextByScore) {
  const v1::Attribution attribution = Attribution({{0, 2, 2}, {2, 3, 0}, {4, 7, 4}});

  EXPECT_EQ(Marked(attribution, {"no, not", ""}), "  <1 no>, <2 not>\n");
}

TEST(Heatmap, SignedScoresHaveTwoSides) {
  const v1::Attribution attribution = Attribution({{0, 2, -4}, {4, 7, 2}}, true);

  EXPECT_EQ(Marked(attribution, {"no, not", ""}), "  <-2 no>, <1 not>\n");
}

TEST(Heatmap, SpecialTokensDoNotSetTheScale) {
  v1::Attribution attribution = Attribution({{0, 0, 100, -1}, {0, 2, 3}});
  attribution.mutable_units(0)->set_is_special(true);

  EXPECT_EQ(Marked(attribution, {"no", ""}), "  <2 no>\n");
}

TEST(Heatmap, ScoresOfZeroAndNoScoresLeavePlainPaper) {
  EXPECT_EQ(Marked(Attribution({{0, 2, 0}}), {"no", ""}), "  no\n");
  EXPECT_EQ(Marked(Attribution({}), {"no", ""}), "  no\n");
  EXPECT_EQ(Marked(Attribution({}), {"", ""}), "");
}

TEST(Heatmap, ATextPairHasItsOwnMap) {
  const v1::Attribution attribution = Attribution({{0, 2, 4, 0}, {0, 3, 4, 1}});

  EXPECT_EQ(Marked(attribution, {"no", "yes"}, 1), "  <2 yes>\n");
}

TEST(Heatmap, UnitsThatShareBytesAreDrawnOnce) {
  const v1::Attribution attribution = Attribution({{0, 4, 4}, {0, 4, 2}, {2, 6, 2}});

  EXPECT_EQ(Marked(attribution, {"🙂ab", ""}), "  <2 🙂><1 ab>\n");
}

TEST(Heatmap, WordsThatDoNotFitGoToTheNextLine) {
  EXPECT_EQ(Plain(Attribution({}), "one two three four five six", 24), "  one two three four\n  five six\n");
  EXPECT_EQ(Plain(Attribution({}), "日本語日本語日本語日本語", 24), "  日本語日本語日本語日\n  本語\n");
  EXPECT_EQ(Plain(Attribution({}), "a123456789012345678901234567890", 24), "  a1234567890123456789\n  01234567890\n");
}

TEST(Heatmap, LineEndsOfTheTextEndALineAndOtherControlsAreEscaped) {
  EXPECT_EQ(Plain(Attribution({{0, 3, 1}}),
                  "a\x1b"
                  "b\n\nc\td"),
            "  a\\x1bb\n  \n  c\\td\n");
}

TEST(HeatmapLegend, NamesTheEndsOfTheScale) {
  const Palette palette(ColorMode::kNone);

  EXPECT_EQ(HeatmapLegend(Attribution({{0, 2, 4}}), palette), "  0            4\n");
  EXPECT_THAT(HeatmapLegend(Attribution({{0, 2, -4}}, true), palette), testing::HasSubstr("against -4"));
}

}  // namespace
}  // namespace limpid::client
