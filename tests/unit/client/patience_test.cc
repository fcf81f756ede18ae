#include "lib/batch/patience.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "absl/time/time.h"

namespace limpid::client {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

absl::Status WithPushback(absl::Status status, const char* milliseconds) {
  status.SetPayload("grpc-retry-pushback-ms", absl::Cord(milliseconds));
  return status;
}

std::optional<absl::Duration> Wait(const absl::Status& failure, int num_made, absl::Duration tried) {
  return WaitBefore(failure, num_made, tried, kPatience, /*jitter=*/1);
}

TEST(Patience, WaitsAtLeastAsLongAsTheServerSays) {
  const absl::Status full = WithPushback(absl::ResourceExhaustedError("OVERLOADED"), "7000");
  EXPECT_EQ(Wait(full, 1, absl::ZeroDuration()), absl::Seconds(7));
  EXPECT_EQ(Wait(WithPushback(full, "1"), 1, absl::ZeroDuration()), absl::Milliseconds(100));
}

TEST(Patience, TriesAServerThatIsNotThereUntilItIsOver) {
  EXPECT_EQ(Wait(absl::UnavailableError("gone"), 3, absl::Seconds(1)), absl::Milliseconds(400));
  EXPECT_EQ(Wait(absl::UnavailableError("gone"), 30, absl::Seconds(50)), absl::Seconds(5));
  EXPECT_EQ(Wait(absl::UnavailableError("gone"), 30, absl::Seconds(56)), std::nullopt);
}

TEST(Patience, TriesWhatMayBeBadLuckThreeTimes) {
  EXPECT_TRUE(Wait(absl::DataLossError("broke off"), 2, absl::Seconds(1)).has_value());
  EXPECT_EQ(Wait(absl::DataLossError("broke off"), 3, absl::Seconds(1)), std::nullopt);
}

TEST(Patience, TriesNothingAgainThatTheServerWillRefuseAgain) {
  for (const absl::Status& refusal :
       {absl::InvalidArgumentError("input.text"), absl::ResourceExhaustedError("OUT_OF_DEVICE_MEMORY"),
        WithPushback(absl::ResourceExhaustedError("no"), "-1"), absl::InternalError("NON_FINITE")}) {
    EXPECT_EQ(Wait(refusal, 1, absl::ZeroDuration()), std::nullopt) << refusal;
    EXPECT_FALSE(ConcernsAllTexts(refusal)) << refusal;
  }
  EXPECT_TRUE(ConcernsAllTexts(absl::UnauthenticatedError("who")));
}

}  // namespace
}  // namespace limpid::client
