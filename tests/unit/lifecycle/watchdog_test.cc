#include "lifecycle/watchdog.h"

#include <atomic>

#include "lifecycle_test_base.h"
#include "support/row_groups.h"

namespace limpid::lifecycle {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Milliseconds(200);

class WatchdogTest : public LifecycleTest {
 protected:
  Heard alive_;
  std::atomic<bool> is_lost_ = false;
  Watchdog watchdog_{
      {.look = [this] { return Watchdog::Device{.batch_started = scheduler_.batch_started(), .is_lost = is_lost_}; },
       .timer = &timer_,
       .log = &log_,
       .on_change = [this](bool alive) { alive_.Say(alive); }},
      kLimit};
};

TEST_F(WatchdogTest, ADeviceThatHangsIsNotAliveUntilItGoesOn) {
  const auto engine = std::make_shared<FakeEngine>();
  engine->HoldAt(FakeEngine::Stage::kBeforePrediction);
  testing::Outcome outcome;
  scheduler_.Submit(outcome.Group(engine, {testing::RowOf(1, 10)}));
  engine->AwaitHeld();
  const absl::Time held = absl::Now();

  EXPECT_TRUE(alive_.Await(false, kLimit + absl::Seconds(2)));
  EXPECT_GE(absl::Now() - held, kLimit - absl::Milliseconds(50));
  EXPECT_THAT(lines_.str(), HasSubstr("the device hangs"));

  engine->Release();
  EXPECT_TRUE(alive_.Await(true));
  EXPECT_THAT(outcome.Await(), testing::IsOk());
  EXPECT_EQ(scheduler_.batch_started(), absl::InfiniteFuture());
}

TEST_F(WatchdogTest, AnIdleDeviceIsAlive) {
  absl::SleepFor(2 * kLimit);

  EXPECT_EQ(alive_.num_changes(), 0);
}

TEST_F(WatchdogTest, ALostDeviceIsNotAlive) {
  is_lost_ = true;

  EXPECT_TRUE(alive_.Await(false, absl::Seconds(2)));
  EXPECT_THAT(lines_.str(), HasSubstr("the device is lost"));
}

}  // namespace
}  // namespace limpid::lifecycle
