#include "rpc/decode.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "explain/method.h"
#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::StartsWith;

v1::ExplainRequest Request(const std::string& text) {
  v1::ExplainRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

// Decodes a request with a text and what `text` says.
absl::StatusOr<explain::ExplainRequest> Decode(const std::string& text) {
  v1::ExplainRequest request = Request(text);
  if (!request.has_input()) request.mutable_input()->set_text("a text");
  return DecodeExplainRequest(request);
}

TEST(Decode, ARequestWithATextOnlyMeansTheDefaults) {
  const auto request = Decode("");

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->model, "");
  EXPECT_EQ(request->input.text, "a text");
  EXPECT_FALSE(request->input.text_pair.has_value());
  EXPECT_FALSE(request->input.token_ids.has_value());
  EXPECT_EQ(request->input.truncation, text::Truncation::kError);
  EXPECT_EQ(request->target.kind, explain::TargetSpec::Kind::kDefault);
  EXPECT_EQ(request->target.score, engine::Score::kLogit);
  EXPECT_TRUE(request->methods.empty());
  EXPECT_FALSE(request->attention.has_value());
  EXPECT_EQ(request->granularity, explain::Granularity::kToken);
}

TEST(Decode, Input) {
  const auto pair = Decode("model: 'm' input { text: 'a' text_pair: 'b' truncation: TRUNCATION_ONLY_SECOND }");
  ASSERT_THAT(pair, IsOk());
  EXPECT_EQ(pair->model, "m");
  EXPECT_EQ(pair->input.text_pair, "b");
  EXPECT_EQ(pair->input.truncation, text::Truncation::kOnlySecond);

  const auto ids = Decode("input { token_ids { ids: [1, -2, 3] type_ids: [0, 1, 1] } }");
  ASSERT_THAT(ids, IsOk());
  EXPECT_THAT(*ids->input.token_ids, ElementsAre(1, -2, 3));
  EXPECT_THAT(ids->input.type_ids, ElementsAre(0, 1, 1));

  // An empty list is refused later, by who knows what a model takes; it must not be taken for a text.
  EXPECT_TRUE(Decode("input { token_ids {} }")->input.token_ids.has_value());
}

TEST(Decode, Targets) {
  using Kind = explain::TargetSpec::Kind;
  EXPECT_EQ(Decode("target { score: SCORE_PROB }")->target.kind, Kind::kDefault);
  EXPECT_EQ(Decode("target { score: SCORE_PROB }")->target.score, engine::Score::kProb);
  EXPECT_EQ(Decode("target { score: SCORE_LOG_PROB }")->target.score, engine::Score::kLogProb);

  const explain::TargetSpec predicted = Decode("target { predicted_class {} }")->target;
  EXPECT_EQ(predicted.kind, Kind::kClass);
  EXPECT_FALSE(predicted.target.index.has_value() || predicted.target.label.has_value());

  EXPECT_EQ(Decode("target { class { index: 0 } }")->target.target.index, 0);
  EXPECT_EQ(Decode("target { class { label: 'declined' } }")->target.target.label, "declined");

  const explain::TargetSpec contrast = Decode("target { contrast { foil { index: 1 } } }")->target;
  EXPECT_EQ(contrast.kind, Kind::kContrast);
  EXPECT_FALSE(contrast.target.index.has_value() || contrast.target.label.has_value());
  EXPECT_EQ(contrast.foil.index, 1);

  EXPECT_EQ(Decode("target { similarity { text: 'other' } }")->target.similarity_text, "other");
  EXPECT_EQ(Decode("target { similarity {} }")->target.kind, Kind::kSimilarity);
  EXPECT_EQ(Decode("target { mean_output {} }")->target.kind, Kind::kMeanOutput);
}

TEST(Decode, MethodsKeepTheirOrderAndOptions) {
  const auto request = Decode(R"(
    methods { saliency { attach_point: ATTACH_POINT_EMBEDDING_SUM reduction: REDUCTION_L1 } }
    methods { gradient_x_input { attach_point: ATTACH_POINT_EMBEDDING_OUTPUT } }
    methods { attention_rollout { query_token: 3 } }
    methods { gradient_weighted_attention { query_token: 4 } }
    methods { gradient_x_attention { query_token: 5 layer: 0 } }
    methods { head_importance { normalize_by_layer: true } })");

  ASSERT_THAT(request, IsOk());
  std::vector<std::string> names;
  for (const explain::MethodSpec& method : request->methods) names.push_back(method.name);
  EXPECT_THAT(names, ElementsAre("saliency", "gradient_x_input", "attention_rollout", "gradient_weighted_attention",
                                 "gradient_x_attention", "head_importance"));
  EXPECT_NE(request->methods[0].make(), request->methods[0].make()) << "a new one each time";
}

TEST(Decode, FormOfTheScores) {
  const auto request = Decode(R"(
    granularity: GRANULARITY_SPAN spans { begin_byte: 1 end_byte: 3 sequence: 1 }
    aggregation: AGGREGATION_SUM_ABS normalization: NORMALIZATION_MAX_ABS drop_special_tokens: true)");

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->granularity, explain::Granularity::kSpan);
  ASSERT_EQ(request->spans.size(), 1u);
  EXPECT_EQ(request->spans[0].begin_byte, 1u);
  EXPECT_EQ(request->spans[0].end_byte, 3u);
  EXPECT_EQ(request->spans[0].sequence, 1);
  EXPECT_EQ(request->aggregation, explain::Aggregation::kSumAbs);
  EXPECT_EQ(request->normalization, explain::Normalization::kMaxAbs);
  EXPECT_TRUE(request->drop_special_tokens);
}

TEST(Decode, QualityIsMeasuredIfItIsAskedFor) {
  EXPECT_FALSE(Decode("")->quality.has_value());
  EXPECT_TRUE(Decode("quality {}")->quality.has_value());
}

TEST(Decode, Attention) {
  const auto request = Decode(
      "attention { layers: [0, -1] heads: [2] mean_over_heads: true encoding: ENCODING_FLOAT16 top_k: 8 } "
      "granularity: GRANULARITY_WORD");

  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->attention->layers, ElementsAre(0, -1));
  EXPECT_THAT(request->attention->heads, ElementsAre(2));
  EXPECT_TRUE(request->attention->mean_over_heads);
  EXPECT_EQ(request->attention->encoding, explain::AttentionSelection::Encoding::kFloat16);
  EXPECT_EQ(request->attention->top_k, 8);
  EXPECT_EQ(request->granularity, explain::Granularity::kWord);
  EXPECT_EQ(Decode("attention { top_k: 65536 }")->attention->top_k, 65536);
  EXPECT_TRUE(Decode("attention {}")->attention.has_value());
}

TEST(Decode, PredictAsksForNoMethods) {
  v1::PredictRequest message;
  message.set_model("m");
  message.mutable_input()->set_text("a text");

  const auto request = DecodePredictRequest(message);

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->model, "m");
  EXPECT_EQ(request->input.text, "a text");
  EXPECT_TRUE(request->methods.empty());
  EXPECT_THAT(DecodePredictRequest({}), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("input: ")));
}

struct BadRequest {
  const char* name;
  const char* request;
  const char* field;
};

class DecodeRefuses : public ::testing::TestWithParam<BadRequest> {};

TEST_P(DecodeRefuses, AndNamesTheField) {
  EXPECT_THAT(Decode(GetParam().request),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith(std::string(GetParam().field) + ": ")));
}

// Text format reads unknown enum values by number.
INSTANTIATE_TEST_SUITE_P(
    Fields, DecodeRefuses,
    ::testing::Values(BadRequest{"NoContent", "input {}", "input"},
                      BadRequest{"PairOfIds", "input { token_ids { ids: 1 } text_pair: 'b' }", "input.text_pair"},
                      BadRequest{"Truncation", "input { text: 'a' truncation: 99 }", "input.truncation"},
                      BadRequest{"Score", "target { score: 99 }", "target.score"},
                      BadRequest{"EmptyClass", "target { class {} }", "target.class"},
                      BadRequest{"EmptyContrastTarget", "target { contrast { target {} } }", "target.contrast.target"},
                      BadRequest{"EmptyFoil", "target { contrast { foil {} } }", "target.contrast.foil"},
                      BadRequest{"NoMethod", "methods { saliency {} } methods {}", "methods[1]"},
                      BadRequest{"SaliencyAttachPoint", "methods { saliency { attach_point: 9 } }",
                                 "methods[0].saliency.attach_point"},
                      BadRequest{"SaliencyReduction", "methods { saliency { reduction: 9 } }",
                                 "methods[0].saliency.reduction"},
                      BadRequest{"GradientXInputAttachPoint", "methods { gradient_x_input { attach_point: 9 } }",
                                 "methods[0].gradient_x_input.attach_point"},
                      BadRequest{"Encoding", "attention { encoding: 9 }", "attention.encoding"},
                      BadRequest{"TopK", "attention { top_k: 65537 }", "attention.top_k"},
                      BadRequest{"QualitySamples", "quality { samples: 1000 }", "quality.samples"},
                      BadRequest{"Granularity", "granularity: 9", "granularity"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace limpid::rpc
