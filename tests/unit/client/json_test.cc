#include "lib/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

TEST(Json, HasTheContractsNamesAndTheShortestNumbers) {
  const std::string text = Dump(ToJson(SampleExplanation()));
  const Json answer = Json::parse(text);

  EXPECT_EQ(answer["prediction"]["classes"]["labels"][0], "declined");
  EXPECT_EQ(answer["prediction"]["classes"]["predicted_index"], 0) << "fields at their default are there";
  EXPECT_EQ(answer["attributions"][0]["scores"].size(), 6u);
  EXPECT_EQ(answer["attributions"][1]["heads"]["layers"], 2);
  EXPECT_EQ(answer["summary"]["model"]["name"], "credit");
  EXPECT_NE(text.find("0.9526,"), std::string::npos) << text;
}

TEST(Json, HasRefinementsAndQuality) {
  Explanation explanation = SampleExplanation();
  explanation.refinements.push_back(SampleAttribution(0, {9, 1, 0, 4, 2, 0}).attribution());
  explanation.quality.emplace_back().add_values()->add_curve(0.5f);

  const Json answer = ToJson(explanation);

  EXPECT_EQ(answer["refinements"][0]["scores"].size(), 6u);
  EXPECT_EQ(answer["quality"][0]["values"][0]["curve"][0], 0.5f);
}

TEST(Json, AttentionIsHeadsOfRows) {
  const Json attention = ToJson(SampleExplanation())["attention"];

  ASSERT_EQ(attention.size(), 2u);
  EXPECT_EQ(attention[1]["layer"], 3);
  EXPECT_EQ(attention[1]["values"].size(), 2u);
  EXPECT_EQ(attention[1]["values"][0].size(), 6u);
  EXPECT_EQ(attention[1]["values"][1][0][1], 1 + 37.0f / 64);
}

TEST(Json, TheLargestKeysComeWithTheirPositions) {
  const Json attention = ToJson(SampleTopKeys())["attention"][0];

  EXPECT_EQ(attention["values"][0].size(), 6u);
  EXPECT_EQ(attention["values"][0][1], Json::parse("[0.75, 0.25]"));
  EXPECT_EQ(attention["key_positions"][0][1], Json::parse("[1, 5]"));
}

TEST(Json, HalfPrecisionIsReadAsItsValue) {
  Explanation explanation;
  // 1, -2, the smallest normal, the largest, the smallest, zero: IEEE 754 binary16.
  const uint16_t halves[] = {0x3C00, 0xC000, 0x0400, 0x7BFF, 0x0001, 0x0000, 0x3555, 0x7C00, 0x8000};
  explanation.attention.push_back({0,
                                   {0},
                                   false,
                                   3,
                                   3,
                                   v1::ENCODING_FLOAT16,
                                   std::string(reinterpret_cast<const char*>(halves), sizeof(halves)),
                                   ""});

  const Json values = ToJson(explanation)["attention"][0]["values"][0];

  EXPECT_EQ(values[0], Json::parse("[1.0, -2.0, 6.1035156e-05]"));
  EXPECT_EQ(values[1], Json::parse("[65504.0, 5.9604645e-08, 0.0]"));
  EXPECT_FLOAT_EQ(values[2][0].get<float>(), 0.33325195f);
  EXPECT_TRUE(std::isinf(values[2][1].get<float>()));
}

TEST(Json, ProvenanceSaysWhatTheNumbersAre) {
  const Json info = Provenance(SampleExplanation());

  EXPECT_EQ(info["target"]["description"], "logit of class 0 (declined)");
  EXPECT_EQ(info["methods"][0]["method"], "saliency");
  EXPECT_EQ(info["summary"]["model"]["weights_sha256"], "0123456789abcdef");
}

}  // namespace
}  // namespace limpid::client
