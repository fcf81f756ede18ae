#include "rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace limpid::rpc {
namespace {

TEST(ToGrpcStatus, KeepsCodeAndMessage) {
  const grpc::Status status = ToGrpcStatus(absl::InvalidArgumentError("input: empty"));

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "input: empty");
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(PublicMessage, IsCutBetweenCharacters) {
  const std::string longest(kMaxStatusMessageBytes, 'x');
  EXPECT_EQ(PublicMessage(absl::NotFoundError(longest)), longest);
  EXPECT_EQ(PublicMessage(absl::NotFoundError(longest + "y")), longest);

  // "ä" has two bytes, of which only the first would fit.
  const std::string almost(kMaxStatusMessageBytes - 1, 'x');
  EXPECT_EQ(PublicMessage(absl::NotFoundError(almost + "ä")), almost);
}

TEST(PublicMessage, OfADefectLosesFoldersButNothingElse) {
  EXPECT_EQ(PublicMessage(absl::InternalError("open '/srv/models/a.bin': 3 tokens/s")), "open 'a.bin': 3 tokens/s");
  EXPECT_EQ(PublicMessage(absl::NotFoundError("/a/b")), "/a/b");
}

TEST(RetryPushbackMs, OnlyWhereAnotherTryMaySucceed) {
  EXPECT_EQ(RetryPushbackMs(absl::UnavailableError("")), 0);
  EXPECT_LT(RetryPushbackMs(absl::InvalidArgumentError("")), 0);
  EXPECT_LT(RetryPushbackMs(absl::DeadlineExceededError("")), 0);
  EXPECT_LT(RetryPushbackMs(absl::InternalError("")), 0);
}

TEST(RetryPushbackMs, RefusedCallersDoNotComeBackTogether) {
  std::set<int> waits;
  for (int i = 0; i < 100; ++i) waits.insert(RetryPushbackMs(absl::ResourceExhaustedError("")));

  EXPECT_GT(*waits.begin(), 0);
  EXPECT_GT(waits.size(), 10u);
}

}  // namespace
}  // namespace limpid::rpc
