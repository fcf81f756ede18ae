#include "rpc/bearer_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

// SHA-256 of "one" and "two" (sha256sum).
constexpr char kOne[] = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
constexpr char kTwo[] = "3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3";

std::string List(const std::string& entries) { return R"({"clients": [)" + entries + "]}"; }

std::string Entry(const std::string& name, const std::string& digest, const std::string& more = "") {
  return R"({"name": ")" + name + R"(", "token_sha256": ")" + digest + "\"" + more + "}";
}

TEST(BearerTokens, FindsAClientWithItsLimits) {
  const auto tokens = BearerTokens::Parse(
      List(Entry("search", kOne, R"(, "max_concurrent_requests": 8, "tokens_per_second": 0.5, "priority": "bulk")") +
           "," + Entry("batch", kTwo)));
  ASSERT_TRUE(tokens.ok()) << tokens.status();

  const Identity* search = tokens->Find("one");
  ASSERT_NE(search, nullptr);
  EXPECT_EQ(search->name, "search");
  EXPECT_EQ(search->limits.max_concurrent_requests, 8);
  EXPECT_EQ(search->limits.tokens_per_second, 0.5);
  EXPECT_EQ(search->limits.priority, schedule::Priority::kBulk);
  const Identity* batch = tokens->Find("two");
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->name, "batch");
  EXPECT_EQ(batch->limits.max_concurrent_requests, 0);
  EXPECT_FALSE(batch->limits.priority.has_value());
  for (const char* unknown : {"", "One", "one ", kOne}) EXPECT_EQ(tokens->Find(unknown), nullptr) << unknown;
}

TEST(BearerTokens, AClientMayHaveTwoTokens) {
  const auto tokens = BearerTokens::Parse(List(Entry("search", kOne) + "," + Entry("search", kTwo)));

  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->Find("one")->name, tokens->Find("two")->name);
}

TEST(BearerTokens, AWrongListIsRefusedWithEntryAndField) {
  const std::pair<std::string, std::string> wrong[] = {
      {"", "JSON"},
      {"[]", "object"},
      {R"({"clients": [], "more": 1})", "'more'"},
      {R"({"clients": 1})", "clients: must be a list of 1 to 1000"},
      {List("1"), "clients[0]: must be an object"},
      {List(Entry("", kOne)), "clients[0]: name"},
      {List(Entry(std::string(129, 'x'), kOne)), "name: must have 1 to 128 bytes"},
      {List(Entry("a", "zz")), "clients[0]: token_sha256: must be 64 hex digits"},
      {List(Entry("a", std::string(64, 'g'))), "token_sha256"},
      {List(Entry("a", kOne) + "," + Entry("b", kOne)), "clients[1]: token_sha256: is there twice"},
      {List(Entry("a", kOne, R"(, "max_concurrent_request": 8)")), "'max_concurrent_request'"},
      {List(Entry("a", kOne, R"(, "max_concurrent_requests": 1.5)")), "max_concurrent_requests"},
      {List(Entry("a", kOne, R"(, "max_concurrent_requests": -1)")), "max_concurrent_requests"},
      {List(Entry("a", kOne, R"(, "tokens_per_second": "many")")), "tokens_per_second"},
      {List(Entry("a", kOne, R"(, "tokens_per_second": 0)")), "leave it out"},
      {List(Entry("a", kOne, R"(, "priority": "high")")), "priority: must be bulk or interactive"},
  };
  for (const auto& [json, words] : wrong) {
    EXPECT_THAT(BearerTokens::Parse(json).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(words)))
        << json;
  }
}

}  // namespace
}  // namespace limpid::rpc
