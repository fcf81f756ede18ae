#include "lib/report/page.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "lib/report/pages.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

constexpr char kBegin[] = R"(<script type="application/json" id="answer">)";

// What a browser takes for the answer: up to the first end of a script.
Json AnswerOf(const std::string& page) {
  const size_t begin = page.find(kBegin) + sizeof(kBegin) - 1;
  return Json::parse(page.substr(begin, page.find("</script", begin) - begin));
}

StoredAnswer Sample() { return Received(SampleRequest(2), "limpid explain x", SampleExplanation()); }

TEST(Page, NamesNothingOutsideOfItself) {
  for (const std::string_view page : {kReportPage, kDecisionRecordPage, kBenchPage, kEvaluationPage}) {
    for (const char* outside :
         {"src=\"", "href=\"", "@import", "url(", "innerHTML", "insertAdjacentHTML", "document.write"}) {
      EXPECT_EQ(page.find(outside), std::string_view::npos) << outside;
    }
    EXPECT_NE(page.find("default-src 'none'"), std::string_view::npos);
  }
}

TEST(Page, CarriesTheAnswer) {
  const Json answer = AnswerOf(MakePage(Sample(), PageKind::kReport));

  EXPECT_EQ(answer["command"], "limpid explain x");
  EXPECT_EQ(answer["request"]["input"]["text"], kSampleText);
  EXPECT_EQ(answer["attributions"].size(), 2u);
  EXPECT_EQ(answer["attention"].size(), 2u);
}

TEST(Page, AttentionIsSixteenBitPartsOfOne) {
  StoredAnswer answer = Received(SampleRequest(0), "", SampleTopKeys());

  const Json layer = AnswerOf(MakePage(std::move(answer), PageKind::kReport))["attention"][0];

  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(layer["values"].get<std::string>(), &bytes));
  EXPECT_EQ(bytes.substr(0, 4), (std::string{'\xFF', '\xBF', '\x00', '\x40'})) << "0.75 and 0.25 of 65535";
  ASSERT_TRUE(absl::Base64Unescape(layer["key_positions"].get<std::string>(), &bytes));
  EXPECT_EQ(bytes.substr(0, 4), std::string("\0\0\5\0", 4));
}

TEST(Page, TextCannotEndTheScript) {
  StoredAnswer answer = Sample();
  const std::string hostile = "</script><script>alert(1)</script><!--<script>";
  answer.request.mutable_input()->set_text(hostile);
  answer.explanation.prediction.mutable_classes()->set_labels(0, hostile);
  answer.explanation.summary.mutable_model()->set_name(hostile);

  for (const PageKind kind : {PageKind::kReport, PageKind::kDecisionRecord}) {
    const std::string page = MakePage(answer, kind);

    EXPECT_EQ(page.find("alert(1)<"), std::string::npos);
    EXPECT_EQ(AnswerOf(page)["request"]["input"]["text"], hostile);
  }
}

TEST(Page, EscapesEveryAngleBracket) {
  EXPECT_EQ(EscapedForScript(R"({"a": "<!-- </SCRIPT"})"), R"({"a": "\u003c!-- \u003c/SCRIPT"})");
}

TEST(Page, ARecordHasNoAttention) {
  EXPECT_FALSE(AnswerOf(MakePage(Sample(), PageKind::kDecisionRecord)).contains("attention_left_out"));
  EXPECT_TRUE(AnswerOf(MakePage(Sample(), PageKind::kDecisionRecord))["attention"].empty());
}

}  // namespace
}  // namespace limpid::client
