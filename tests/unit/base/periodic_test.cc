#include "base/periodic.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace limpid::base {
namespace {

TEST(Periodic, RunsAgainAndAgainUntilItEnds) {
  Timer timer;
  std::atomic<int> runs = 0;
  absl::Notification fifth;
  std::optional<Periodic> periodic;

  periodic.emplace(&timer, absl::Milliseconds(5), [&] {
    if (++runs == 5) fifth.Notify();
  });
  EXPECT_EQ(runs, 0);
  fifth.WaitForNotification();
  periodic.reset();

  const int last = runs;
  absl::SleepFor(absl::Milliseconds(30));
  EXPECT_EQ(runs, last);
}

TEST(Periodic, ItsEndWaitsForTheRunThatHasBegun) {
  Timer timer;
  absl::Notification begun;
  std::atomic<bool> has_ended = false;
  std::optional<Periodic> periodic;
  periodic.emplace(&timer, absl::Milliseconds(1), [&] {
    if (!begun.HasBeenNotified()) begun.Notify();
    absl::SleepFor(absl::Milliseconds(20));
    has_ended = true;
  });
  begun.WaitForNotification();

  periodic.reset();

  EXPECT_TRUE(has_ended);
}

}  // namespace
}  // namespace limpid::base
