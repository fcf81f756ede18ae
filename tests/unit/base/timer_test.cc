#include "base/timer.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace limpid::base {
namespace {

TEST(Timer, RunsTasksInOrderOfTheirTimes) {
  Timer timer;
  std::vector<int> order;
  absl::Notification done;
  const absl::Time now = absl::Now();

  const Timer::Handle last = timer.Schedule(now + absl::Milliseconds(40), [&] {
    order.push_back(3);
    done.Notify();
  });
  const Timer::Handle second = timer.Schedule(now + absl::Milliseconds(20), [&] { order.push_back(2); });
  const Timer::Handle past = timer.Schedule(absl::InfinitePast(), [&] { order.push_back(1); });

  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Timer, NeverRunsWhatWasCancelled) {
  Timer timer;
  bool cancelled_ran = false;
  absl::Notification done;
  const absl::Time now = absl::Now();

  Timer::Handle handle = timer.Schedule(now + absl::Milliseconds(20), [&] { cancelled_ran = true; });
  const Timer::Handle later = timer.Schedule(now + absl::Milliseconds(40), [&] { done.Notify(); });
  handle.Cancel();

  done.WaitForNotification();
  EXPECT_FALSE(cancelled_ran);
}

TEST(Timer, ATaskMayScheduleAnotherAndCancelItself) {
  Timer timer;
  Timer::Handle handle;
  absl::Notification done;
  // The handle belongs to the timer's thread from here on.
  const Timer::Handle first = timer.Schedule(absl::Now(), [&] {
    handle = timer.Schedule(absl::Now(), [&] {
      handle.Cancel();
      done.Notify();
    });
  });

  done.WaitForNotification();
}

TEST(Timer, DropsWhatIsLeftWhenItEndsAndHandlesMayOutliveIt) {
  bool ran = false;
  Timer::Handle handle;
  {
    Timer timer;
    handle = timer.Schedule(absl::Now() + absl::Hours(1), [&] { ran = true; });
  }

  handle.Cancel();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace limpid::base
