#include "lib/render/sanity_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

SanityResult Sample() {
  SanityResult result;
  result.num_texts = 2;
  result.stages = {"head", "L0", "embeddings"};
  result.methods = {{"saliency", {0.934, -0.004, -0.5}}, {"attention_rollout", {1.0, std::nullopt, -0.834}}};
  return result;
}

TEST(SanityReport, ALineAMethodAndASentenceForWhatHardlyDepends) {
  EXPECT_EQ(SanityReport(Sample()),
            "Spearman's rank correlation with the explanation by the model itself, mean of 2 texts.\n"
            "The weights are shuffled from the top of the model down, up to and including each column's.\n"
            "\n"
            "method              head     L0  embeddings\n"
            "saliency            0.93   0.00       -0.50\n"
            "attention_rollout   1.00      -       -0.83\n"
            "\n"
            "attention_rollout hardly depends on what the model has learned: -0.83 after all weights were shuffled.\n");
}

TEST(SanityReport, WhatDependsIsNotSpokenOf) {
  SanityResult result = Sample();
  result.methods.pop_back();

  EXPECT_THAT(SanityReport(result), Not(HasSubstr("hardly")));
}

TEST(SanityReport, NamesWhatIsLeftOut) {
  SanityResult result = Sample();
  result.methods.pop_back();
  result.methods_without_scores = {"head_importance"};
  result.short_texts = {{"Hi\x1b", "lime", 1}};

  EXPECT_THAT(SanityReport(result), EndsWith("\nhead_importance is left out: it gives pieces of the text no scores.\n"
                                             "\"Hi\\x1b\" is left out: too short to rank (1 piece for lime).\n"));
}

TEST(SanityReport, JsonHasTheSame) {
  SanityResult result = Sample();
  result.short_texts = {{"Hi", "lime", 1}};
  const Json json = SanityJson(result);

  EXPECT_EQ(json["texts"], 2);
  EXPECT_EQ(json["stages"], (Json{"head", "L0", "embeddings"}));
  EXPECT_EQ(json["methods"][0]["hardly_depends_on_weights"], false);
  EXPECT_EQ(json["methods"][1]["method"], "attention_rollout");
  EXPECT_EQ(json["methods"][1]["correlations"][0], 1.0f);
  EXPECT_TRUE(json["methods"][1]["correlations"][1].is_null());
  EXPECT_EQ(json["methods"][1]["hardly_depends_on_weights"], true);
  EXPECT_EQ(json["short_texts"][0], (Json{{"text", "Hi"}, {"method", "lime"}, {"units", 1}}));
}

}  // namespace
}  // namespace limpid::client
