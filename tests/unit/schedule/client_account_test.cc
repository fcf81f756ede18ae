#include "schedule/client_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "support/status_matchers.h"

namespace limpid::schedule {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

const absl::Time kNow = absl::UnixEpoch();

TEST(ClientAccounts, LimitsWhatOneClientHasUnderWay) {
  ClientAccounts accounts;
  const ClientLimits limits = {.max_concurrent_requests = 2};
  accounts.Enter("a", limits, 5, kNow);
  ASSERT_THAT(accounts.Check("a", limits, kNow), IsOk());
  accounts.Enter("a", limits, 5, kNow);

  const absl::Status refused = accounts.Check("a", limits, kNow);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2 requests under way")));
  EXPECT_EQ(base::ReasonOf(refused), base::Reason::kClientLimit);
  EXPECT_THAT(accounts.Check("b", limits, kNow), IsOk());
  accounts.Leave("a", kNow);
  EXPECT_THAT(accounts.Check("a", limits, kNow), IsOk());
}

TEST(ClientAccounts, LimitsTokensASecondAndSaysWhenToComeBack) {
  ClientAccounts accounts;
  const ClientLimits limits = {.tokens_per_second = 100};
  accounts.Enter("a", limits, 250, kNow);

  const absl::Status refused = accounts.Check("a", limits, kNow);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100 tokens a second")));
  EXPECT_EQ(base::RetryAfterOf(refused), absl::Milliseconds(1510));
  EXPECT_FALSE(accounts.Check("a", limits, kNow + absl::Milliseconds(1490)).ok());
  EXPECT_THAT(accounts.Check("a", limits, kNow + absl::Milliseconds(1510)), IsOk());
}

TEST(ClientAccounts, ForgetsClientsThatHaveNothingUnderWay) {
  ClientAccounts accounts;
  for (int i = 0; i < 5000; ++i) {
    const std::string client = absl::StrCat("client ", i);
    accounts.Enter(client, {.tokens_per_second = 10}, 10, kNow + absl::Seconds(i));
    accounts.Leave(client, kNow + absl::Seconds(i));
  }
  EXPECT_LE(accounts.size(), 1025);
  accounts.Enter("unlimited", {}, 10, kNow);
  const size_t with = accounts.size();
  accounts.Leave("unlimited", kNow);
  EXPECT_EQ(accounts.size(), with - 1);
}

}  // namespace
}  // namespace limpid::schedule
