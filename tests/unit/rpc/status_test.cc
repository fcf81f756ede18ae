#include "rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/reason.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

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

google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(ToGrpcStatus(status).error_details()));
  return details;
}

template <typename Detail>
Detail Only(const google::rpc::Status& status) {
  Detail found;
  int count = 0;
  for (const google::protobuf::Any& any : status.details()) count += any.UnpackTo(&found) ? 1 : 0;
  EXPECT_EQ(count, 1) << found.GetTypeName();
  return found;
}

TEST(ToGrpcStatus, CarriesReasonQuotaAndRetryOfAnOverload) {
  absl::Status status = base::WithReason(absl::ResourceExhaustedError("full"), base::Reason::kOverloaded);
  status = base::WithDetail(status, "subject", "max_queue_tokens");
  status = base::WithRetryAfter(base::WithDetail(status, "limit", "10"), absl::Milliseconds(1250));

  const google::rpc::Status details = DetailsOf(status);

  EXPECT_EQ(details.code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(details.message(), "full");
  const auto info = Only<google::rpc::ErrorInfo>(details);
  EXPECT_EQ(info.reason(), "OVERLOADED");
  EXPECT_EQ(info.domain(), "limpid.v1");
  EXPECT_EQ(info.metadata().at("limit"), "10");
  EXPECT_EQ(Only<google::rpc::QuotaFailure>(details).violations(0).subject(), "max_queue_tokens");
  const auto retry = Only<google::rpc::RetryInfo>(details);
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 250'000'000);
}

TEST(ToGrpcStatus, NamesTheFieldThatIsWrong) {
  const auto bad = Only<google::rpc::BadRequest>(
      DetailsOf(absl::InvalidArgumentError("methods[2].saliency.reduction: must be L2, L1 or MEAN_ABS")));

  EXPECT_EQ(bad.field_violations(0).field(), "methods[2].saliency.reduction");
  EXPECT_EQ(bad.field_violations(0).description(), "must be L2, L1 or MEAN_ABS");
  EXPECT_EQ(ToGrpcStatus(absl::InvalidArgumentError("The bytes: no message")).error_details(), "");
}

TEST(WithStage, TellsWhereARequestWasCutShort) {
  const absl::Status late = WithStage(Expired(), explain::Stage::kQueue);

  EXPECT_EQ(Only<google::rpc::ErrorInfo>(DetailsOf(late)).metadata().at("stage"), "queue");
  EXPECT_EQ(WithStage(absl::InternalError("x"), explain::Stage::kQueue), absl::InternalError("x"));
}

TEST(RetryPushbackMs, OnlyWhereAnotherTryMaySucceed) {
  EXPECT_EQ(RetryPushbackMs(absl::UnavailableError("")), 1);
  EXPECT_EQ(RetryPushbackMs(absl::InternalError("")), -1);
  EXPECT_EQ(RetryPushbackMs(base::WithReason(absl::ResourceExhaustedError(""), base::Reason::kOutOfDeviceMemory)), -1);
  EXPECT_EQ(RetryPushbackMs(base::WithRetryAfter(absl::ResourceExhaustedError(""), absl::ZeroDuration())), 1);
  EXPECT_EQ(RetryPushbackMs(absl::InvalidArgumentError("")), std::nullopt);
  EXPECT_EQ(RetryPushbackMs(absl::DeadlineExceededError("")), std::nullopt);
}

TEST(RetryPushbackMs, RefusedCallersDoNotComeBackTogether) {
  const absl::Status refused = base::WithRetryAfter(absl::ResourceExhaustedError(""), absl::Milliseconds(100));
  std::set<int> waits;
  for (int i = 0; i < 100; ++i) waits.insert(*RetryPushbackMs(refused));

  EXPECT_GE(*waits.begin(), 100);
  EXPECT_LE(*waits.rbegin(), 150);
  EXPECT_GT(waits.size(), 10u);
}

}  // namespace
}  // namespace limpid::rpc
