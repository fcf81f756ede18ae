#include "rpc/gate.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/time/clock.h"
#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

TEST(Gate, RefusesAfterItWasClosed) {
  telemetry::Metrics metrics("test");
  Gate gate(&metrics);
  ASSERT_THAT(gate.Enter({}), IsOk());

  gate.Close();

  EXPECT_THAT(gate.Enter({}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("draining")));
  EXPECT_EQ(metrics.rejected.draining->Value(), 1);
}

TEST(Gate, IsEmptyOnceEveryPassIsGone) {
  telemetry::Metrics metrics("test");
  Gate gate(&metrics);
  std::optional<Gate::Pass> first = *gate.Enter({});
  std::optional<Gate::Pass> second = *gate.Enter({});

  EXPECT_EQ(metrics.inflight_requests->Value(), 2);
  first.reset();
  EXPECT_FALSE(gate.WaitUntilEmpty(absl::Now() + absl::Milliseconds(1)));
  std::optional<Gate::Pass> moved = std::move(second);
  second.reset();
  EXPECT_FALSE(gate.WaitUntilEmpty(absl::InfinitePast()));

  std::jthread leaver([&] { moved.reset(); });
  EXPECT_TRUE(gate.WaitUntilEmpty(absl::InfiniteFuture()));
  EXPECT_EQ(metrics.inflight_requests->Value(), 0);
}

}  // namespace
}  // namespace limpid::rpc
