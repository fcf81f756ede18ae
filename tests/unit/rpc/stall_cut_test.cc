#include "rpc/stall_cut.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace limpid::rpc {
namespace {

constexpr absl::Duration kLimit = absl::Milliseconds(20);

class StallCutTest : public ::testing::Test {
 protected:
  void Start(std::function<void()> cut) { stall_ = std::make_shared<StallCut>(&timer_, kLimit, std::move(cut)); }

  base::Timer timer_;
  std::shared_ptr<StallCut> stall_;
};

TEST_F(StallCutTest, CutsAWriteThatDoesNotLeave) {
  absl::Notification cut;
  Start([&] { cut.Notify(); });

  stall_->OnWrite();

  EXPECT_TRUE(cut.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(StallCutTest, LeavesAReaderWhoTakesEachMessageInTime) {
  std::atomic<bool> was_cut = false;
  Start([&] { was_cut = true; });

  for (int i = 0; i < 20; ++i) {
    stall_->OnWrite();
    absl::SleepFor(kLimit / 10);
    stall_->OnWriteDone();
  }
  absl::SleepFor(2 * kLimit);

  EXPECT_FALSE(was_cut);
}

TEST_F(StallCutTest, ACallThatIsBeingCutFinishesAfterwards) {
  absl::Notification cutting, finish_asked, finished;
  Start([&] {
    cutting.Notify();
    finish_asked.WaitForNotification();
    absl::SleepFor(absl::Milliseconds(5));
    EXPECT_FALSE(finished.HasBeenNotified());
  });
  stall_->OnWrite();
  cutting.WaitForNotification();

  stall_->Finish([&] { finished.Notify(); });
  finish_asked.Notify();

  EXPECT_TRUE(finished.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(StallCutTest, AFinishedCallIsNotCut) {
  std::atomic<bool> was_cut = false;
  bool finished = false;
  Start([&] { was_cut = true; });
  stall_->OnWrite();

  stall_->Finish([&] { finished = true; });
  absl::SleepFor(2 * kLimit);

  EXPECT_TRUE(finished);
  EXPECT_FALSE(was_cut);
}

}  // namespace
}  // namespace limpid::rpc
