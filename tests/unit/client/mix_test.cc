#include "lib/load/mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "support/scratch.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;

absl::StatusOr<std::vector<MixLine>> Read(const std::string& text, const ExplainOptions& base = {}) {
  const std::string path = limpid_test::Scratch() / "mix.jsonl";
  std::ofstream(path) << text;
  return ReadMix(path, base, /*predicts=*/false);
}

TEST(Mix, ALineHasItsOwnFieldsAndTheRestOfTheCommandLine) {
  ExplainOptions base;
  base.model = "demo";
  base.methods = {"saliency"};

  const auto lines = Read(R"({"text": "-", "weight": 3, "method": "occlusion:word,saliency", "attention": "-1"}

{"text": "b", "text_pair": "c", "rpc": "predict", "label": "short", "model": "other", "attention_mean": false}
)",
                          base);

  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 2u);
  const MixLine &first = (*lines)[0], &second = (*lines)[1];
  EXPECT_EQ(first.request.input().text(), "-");
  EXPECT_EQ(first.request.model(), "demo");
  EXPECT_EQ(first.request.methods_size(), 2);
  EXPECT_TRUE(first.request.has_attention());
  EXPECT_EQ(first.weight, 3);
  EXPECT_FALSE(first.predicts);
  EXPECT_EQ(second.request.input().text_pair(), "c");
  EXPECT_EQ(second.request.model(), "other");
  EXPECT_EQ(second.request.methods_size(), 1);
  EXPECT_FALSE(second.request.has_attention());
  EXPECT_TRUE(second.predicts);
  EXPECT_EQ(second.label, "short");
}

TEST(Mix, WhatIsWrongIsNamedWithItsLineAndField) {
  const std::pair<const char*, const char*> wrong[] = {
      {"no JSON", "not a JSON object"},
      {"{}", R"(it has no "text")"},
      {R"({"text": 3})", R"("text": not a string)"},
      {R"({"text": "a", "txt_pair": "b"})", R"(there is no field "txt_pair")"},
      {R"({"text": "a", "weight": 0})", R"("weight": not a number above 0)"},
      {R"({"text": "a", "weight": "2"})", R"("weight": not a number above 0)"},
      {R"({"text": "a", "rpc": "tokenize"})", R"("rpc": neither)"},
      {R"({"text": "a", "attention_top_k": -1})", R"("attention_top_k": not a whole number)"},
      {R"({"text": "a", "attention_mean": 1})", R"("attention_mean": neither true nor false)"},
      {R"({"text": "a", "method": "magic"})", "magic"},
      {R"({"text": "a", "attention": "x"})", "x"},
  };
  for (const auto& [line, problem] : wrong) {
    const absl::Status status = Read(std::string("{\"text\": \"a\"}\n") + line).status();

    EXPECT_THAT(std::string(status.message()), HasSubstr("mix.jsonl line 2: ")) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(problem)) << line;
  }
}

TEST(Mix, AnEmptyFileIsNoMix) {
  EXPECT_THAT(std::string(Read("\n").status().message()), HasSubstr("is empty"));
  EXPECT_THAT(std::string(ReadMix("/nowhere", {}, false).status().message()), HasSubstr("cannot read /nowhere"));
}

std::vector<MixLine> Weighted(const std::vector<double>& weights) {
  std::vector<MixLine> lines(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    lines[i].weight = weights[i];
    lines[i].label = std::string(1, static_cast<char>('a' + i));
  }
  return lines;
}

std::string Labels(const std::vector<MixLine>& lines, size_t count) {
  MixOrder order(lines);
  std::string labels;
  while (labels.size() < count) labels += order.Next().label;
  return labels;
}

TEST(MixOrder, LinesOfOneWeightTakeTurns) { EXPECT_EQ(Labels(Weighted({1, 1, 1}), 7), "abcabca"); }

TEST(MixOrder, EachLineComesAsOftenAsItsWeightSaysEvenlySpread) {
  EXPECT_EQ(Labels(Weighted({1, 4}), 9), "bbbabbbba");

  std::map<char, int> counts;
  for (const char label : Labels(Weighted({0.5, 2, 7.5}), 10'000)) ++counts[label];
  EXPECT_NEAR(counts['a'], 500, 2);
  EXPECT_NEAR(counts['b'], 2'000, 2);
  EXPECT_NEAR(counts['c'], 7'500, 2);
}

}  // namespace
}  // namespace limpid::client
