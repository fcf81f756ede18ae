#include "playground/translation.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "limpid/v1/explain.pb.h"
#include "nlohmann/json.hpp"

namespace limpid::playground {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(Translation, ReadsARequest) {
  v1::ExplainRequest request;
  ASSERT_TRUE(
      ReadJson(
          R"({"input": {"text": "a \u00e9", "text_pair": "b"}, "methods": [{"saliency": {}}, {"lime": {"seed": "7"}}],
                           "granularity": "GRANULARITY_WORD", "allowPartial": true})",
          &request)
          .ok());
  EXPECT_EQ(request.input().text(), "a é");
  EXPECT_EQ(request.input().text_pair(), "b");
  EXPECT_TRUE(request.methods(0).has_saliency());
  EXPECT_EQ(request.methods(1).lime().seed(), 7u);
  EXPECT_EQ(request.granularity(), v1::GRANULARITY_WORD);
  EXPECT_TRUE(request.allow_partial());
}

TEST(Translation, SaysWhatIsWrongInOneLineOfUtf8) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "Unexpected end"},
      {"{\"input\": ", "Unexpected end"},
      {"[]", "must be a message"},
      {"{\"imput\": {}}", "imput: Cannot find field"},
      {"{\"input\": {\"text\": 7}}", "text"},
      {"{\"input\": {\"text\": \"\xff\"}}", "non UTF-8"},
      {"{\"granularity\": \"LETTERS\"}", "LETTERS"},
  };
  for (const auto& [text, reason] : wrong) {
    v1::ExplainRequest request;
    const absl::Status status = ReadJson(text, &request);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("no ExplainRequest in JSON")) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_EQ(status.message().find_first_of("\n\xff"), absl::string_view::npos) << text;
  }
}

TEST(Translation, RefusesWhatIsNestedTooDeeply) {
  std::string text = "{}";
  for (int i = 0; i < 5000; ++i) text = "{\"input\":" + text + "}";
  v1::ExplainRequest request;
  EXPECT_TRUE(absl::IsInvalidArgument(ReadJson(text, &request)));
}

TEST(Translation, WritesAPartAsALineWithAllItsFields) {
  v1::ExplainResponse response;
  response.mutable_attribution()->set_method_index(0);
  response.mutable_attribution()->add_scores(0.1f);
  response.mutable_attribution()->mutable_card()->set_method("saliency");
  const std::string line = JsonLine(response);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const json part = json::parse(line);
  EXPECT_EQ(part["attribution"]["method_index"], 0);
  EXPECT_EQ(part["attribution"]["scores"], json::parse("[0.1]"));
  EXPECT_EQ(part["attribution"]["units"], json::array());
  EXPECT_EQ(part["attribution"]["card"]["attach_point"], "ATTACH_POINT_UNSPECIFIED");
  EXPECT_EQ(part.size(), 1u);
}

TEST(Translation, WritesAnErrorWithItsDetails) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_reason("OVERLOADED");
  details.add_details()->PackFrom(info);
  const json error = json::parse(
      ErrorLine({grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", details.SerializeAsString()}))["error"];
  EXPECT_EQ(error["code"], 8);
  EXPECT_EQ(error["message"], "the queue is full");
  EXPECT_EQ(error["details"][0]["reason"], "OVERLOADED");
}

TEST(Translation, WritesAnErrorWithoutDetailsThatItCannotRead) {
  google::rpc::Status details;
  details.add_details()->set_type_url("type.googleapis.com/of.AnotherAge");
  details.mutable_details(0)->set_value("x");
  for (const std::string& encoded : {std::string(), std::string("\xff\xff"), details.SerializeAsString()}) {
    const json error = json::parse(ErrorLine({grpc::StatusCode::NOT_FOUND, "no such model", encoded}))["error"];
    EXPECT_EQ(error["code"], 5);
    EXPECT_EQ(error["message"], "no such model");
    EXPECT_EQ(error["details"], json::array());
  }
}

}  // namespace
}  // namespace limpid::playground
