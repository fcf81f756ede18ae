#include "lib/stored_answer.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

StoredAnswer Sample() { return Received(SampleRequest(2), "limpid explain x", SampleExplanation()); }

absl::StatusOr<StoredAnswer> Read(const Json& json) { return ReadStoredAnswer(Dump(json)); }

TEST(StoredAnswer, IsReadAsItWasWritten) {
  StoredAnswer stored = Sample();
  stored.explanation.refinements.push_back(SampleAttribution(1, {9, 1, 0, 4, 2, 0}).attribution());
  stored.explanation.refinements.back().set_is_refining(true);
  v1::QualityReport& report = stored.explanation.quality.emplace_back();
  report.add_values()->add_curve(0.5f);
  report.mutable_values(0)->add_shares(1);

  const absl::StatusOr<StoredAnswer> read = Read(ToJson(stored));

  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Dump(ToJson(*read)), Dump(ToJson(stored)));
}

TEST(StoredAnswer, LargestKeysKeepTheirPositions) {
  const StoredAnswer stored = Received(SampleRequest(0), "", SampleTopKeys());

  const absl::StatusOr<StoredAnswer> read = Read(ToJson(stored));

  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->explanation.attention[0].key_positions, stored.explanation.attention[0].key_positions);
}

TEST(StoredAnswer, SaysWhatAnotherFileLacks) {
  EXPECT_EQ(ReadStoredAnswer("not JSON").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadStoredAnswer("[1]").status().code(), absl::StatusCode::kInvalidArgument);
  Json json = ToJson(Sample());
  json.erase("request");
  EXPECT_EQ(Read(json).status().message(), "no answer of `limpid explain --json`: it has no \"request\"");
}

TEST(StoredAnswer, IsHeldAgainstTheContract) {
  for (const char* change : {
           R"([{"op": "replace", "path": "/attributions/0/units/0/end_token", "value": 7}])",
           R"([{"op": "remove", "path": "/attributions/0/scores/0"}])",
           R"([{"op": "replace", "path": "/attributions", "value": {"a": 1, "b": 2}}])",
           R"([{"op": "replace", "path": "/prediction/classes/predicted_index", "value": 2}])",
           R"([{"op": "remove", "path": "/attention/0/values/1/2/3"}])",
           R"([{"op": "replace", "path": "/attention/0/values/0/0", "value": 5}])",
           R"([{"op": "replace", "path": "/attention/0/values", "value": [[[]]]}])",
           R"([{"op": "replace", "path": "/attention/0/heads", "value": "all"}])",
       }) {
    EXPECT_FALSE(Read(ToJson(Sample()).patch(Json::parse(change))).ok()) << change;
  }
}

TEST(StoredAnswer, DepthIsBounded) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');

  EXPECT_FALSE(ReadStoredAnswer(R"({"request": {}, "summary": {}, "prediction": )" + deep + "}").ok());
}

}  // namespace
}  // namespace limpid::client
