#include "lib/request/explain_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace limpid::client {
namespace {

using testing::HasSubstr;

absl::StatusOr<v1::ExplainRequest> Make(const ExplainOptions& options, const std::string& standard_input = "") {
  std::istringstream in(standard_input);
  return MakeExplainRequest(options, in);
}

ExplainOptions WithText(std::string text) {
  ExplainOptions options;
  options.input.text = std::move(text);
  return options;
}

std::string Problem(const ExplainOptions& options) {
  const auto request = Make(options);
  return request.ok() ? "none" : std::string(request.status().message());
}

TEST(MakeExplainRequest, EveryOptionReachesItsField) {
  ExplainOptions options = WithText("first");
  options.input.pair = "second";
  options.input.truncation = "only_first";
  options.model = "credit";
  options.methods = {"saliency:l1", "attention_rollout,head_importance"};
  options.target = "declined";
  options.score = "log_prob";
  options.attention = "-1:2";
  options.attention_mean = true;
  options.attention_encoding = "fp16";
  options.attention_top_k = 8;
  options.granularity = "word";

  const auto request = Make(options);

  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->input().text(), "first");
  EXPECT_EQ(request->input().text_pair(), "second");
  EXPECT_EQ(request->input().truncation(), v1::TRUNCATION_ONLY_FIRST);
  EXPECT_EQ(request->model(), "credit");
  EXPECT_EQ(request->methods_size(), 3);
  EXPECT_EQ(request->target().class_().label(), "declined");
  EXPECT_EQ(request->target().score(), v1::SCORE_LOG_PROB);
  EXPECT_EQ(request->attention().layers(0), -1);
  EXPECT_TRUE(request->attention().mean_over_heads());
  EXPECT_EQ(request->attention().encoding(), v1::ENCODING_FLOAT16);
  EXPECT_EQ(request->attention().top_k(), 8u);
  EXPECT_EQ(request->granularity(), v1::GRANULARITY_WORD);
}

TEST(MakeExplainRequest, ByDefaultSaliencyOfTheModelsOwnTargetWithoutMaps) {
  const auto request = Make(WithText("text"));

  ASSERT_TRUE(request.ok()) << request.status();
  ASSERT_EQ(request->methods_size(), 1);
  EXPECT_TRUE(request->methods(0).has_saliency());
  EXPECT_FALSE(request->has_target());
  EXPECT_FALSE(request->has_attention());
}

TEST(MakeExplainRequest, ADashReadsStandardInputWithoutItsLastLineEnd) {
  EXPECT_EQ(Make(WithText("-"), "two\nlines\n")->input().text(), "two\nlines");
  EXPECT_EQ(Make(WithText("-"), "from Windows\r\n")->input().text(), "from Windows");
  EXPECT_EQ(Make(WithText("-"), "none\n\n")->input().text(), "none\n");
}

TEST(MakeExplainRequest, TextThatIsNotUtf8IsRefusedWithItsPlace) {
  EXPECT_THAT(Problem(WithText("ab\xFF")), HasSubstr("TEXT: not UTF-8 from byte 2"));
  ExplainOptions pair = WithText("text");
  pair.input.pair = "\xC3";
  EXPECT_THAT(Problem(pair), HasSubstr("--pair: not UTF-8 from byte 0"));
  ExplainOptions target = WithText("text");
  target.target = "\xFF";
  EXPECT_THAT(Problem(target), HasSubstr("--target: not UTF-8"));
  ExplainOptions model = WithText("text");
  model.model = "\xFF";
  EXPECT_THAT(Problem(model), HasSubstr("--model: not UTF-8"));
}

TEST(MakeExplainRequest, UnknownChoicesAreRefusedWithTheKnownOnes) {
  ExplainOptions options = WithText("text");
  options.score = "odds";
  EXPECT_THAT(Problem(options), HasSubstr("--score odds: not one of logit, log_prob, prob"));
  options = WithText("text");
  options.granularity = "chapter";
  EXPECT_THAT(Problem(options), HasSubstr("--granularity chapter: not one of token, word"));
  options = WithText("text");
  options.attention_encoding = "fp8";
  EXPECT_THAT(Problem(options), HasSubstr("--attention-encoding fp8: not one of fp32, fp16"));
  options = WithText("text");
  options.input.truncation = "yes";
  EXPECT_THAT(Problem(options), HasSubstr("--truncation yes: not one of error, longest_first"));
  options = WithText("text");
  options.attention_mean = true;
  EXPECT_THAT(Problem(options), HasSubstr("--attention-mean: needs --attention"));
  options.attention_mean = false;
  options.attention_top_k = 8;
  EXPECT_THAT(Problem(options), HasSubstr("--attention-top-k: needs --attention"));
}

}  // namespace
}  // namespace limpid::client
