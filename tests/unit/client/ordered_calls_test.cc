#include "lib/batch/ordered_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace limpid::client {
namespace {

using testing::ElementsAre;

struct Outcome {
  std::vector<int> delivered;
  absl::Status status;
};

Outcome RunCalls(int num_items, size_t threads, size_t window, std::function<absl::StatusOr<int>(const int&)> call) {
  Outcome outcome;
  int next = 0;
  OrderedCalls<int, int> calls({.next = [&]() -> absl::StatusOr<std::optional<int>> {
                                  return next < num_items ? std::optional(next++) : std::nullopt;
                                },
                                .call = std::move(call),
                                .deliver =
                                    [&](int result) {
                                      outcome.delivered.push_back(result);
                                      return absl::OkStatus();
                                    }},
                               threads, window);
  outcome.status = calls.Run();
  return outcome;
}

TEST(OrderedCalls, ResultsComeInTheOrderOfTheirItems) {
  std::atomic<bool> is_second_done = false;
  const Outcome outcome = RunCalls(4, 2, 4, [&](const int& item) -> absl::StatusOr<int> {
    if (item == 0) is_second_done.wait(false);
    if (item == 1) {
      is_second_done = true;
      is_second_done.notify_all();
    }
    return 10 * item;
  });
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_THAT(outcome.delivered, ElementsAre(0, 10, 20, 30));
}

TEST(OrderedCalls, NoItemIsTakenBeyondTheWindow) {
  std::atomic<int> delivered_at_least = 0;
  std::atomic<bool> is_beyond = false;
  const Outcome outcome = RunCalls(200, 8, 3, [&](const int& item) -> absl::StatusOr<int> {
    if (item >= delivered_at_least + 3 + 8) is_beyond = true;
    ++delivered_at_least;
    return item;
  });
  EXPECT_EQ(outcome.delivered.size(), 200u);
  EXPECT_FALSE(is_beyond);
}

TEST(OrderedCalls, AnErrorEndsItBehindAWholeBeginning) {
  const Outcome outcome = RunCalls(100, 4, 16, [](const int& item) -> absl::StatusOr<int> {
    if (item == 5) return absl::UnavailableError("gone");
    return item;
  });
  EXPECT_TRUE(absl::IsUnavailable(outcome.status));
  EXPECT_THAT(outcome.delivered, ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace limpid::client
