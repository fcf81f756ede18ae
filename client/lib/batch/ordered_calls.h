#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace limpid::client {

// Calls on many threads whose results come out in the order of their items. What was delivered is always a whole
// beginning of the items, whatever fails.
template <typename Item, typename Result>
class OrderedCalls {
 public:
  struct Steps {
    // Nothing at the end. By one thread at a time.
    std::function<absl::StatusOr<std::optional<Item>>()> next;
    // By many threads. An error ends it all: results before this item are still delivered, none behind it.
    std::function<absl::StatusOr<Result>(const Item&)> call;
    // By one thread at a time, in order.
    std::function<absl::Status(Result)> deliver;
  };

  // No item is taken that is `window` or more behind the first one that was not delivered.
  OrderedCalls(Steps steps, size_t num_threads, size_t window)
      : steps_(std::move(steps)), num_threads_(num_threads), window_(window) {}

  // Once. Blocks until all is delivered or the first error has stopped it, and gives that error.
  absl::Status Run() {
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < num_threads_; ++i) threads.emplace_back([this] { Work(); });
    }
    return failure_.ok() ? read_failure_ : failure_;
  }

 private:
  void Work() {
    while (std::optional<std::pair<size_t, Item>> taken = Take()) {
      absl::StatusOr<Result> result = steps_.call(taken->second);
      const std::lock_guard lock(mutex_);
      if (!result.ok()) has_ended_ = true;
      done_.emplace(taken->first, std::move(result));
      Deliver();
      changed_.notify_all();
    }
  }

  // Reading may wait for its source, and must not keep results from being delivered meanwhile.
  std::optional<std::pair<size_t, Item>> Take() {
    const std::lock_guard reading(reading_mutex_);
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return has_ended_ || num_taken_ < num_delivered_ + window_; });
      if (has_ended_) return std::nullopt;
    }
    absl::StatusOr<std::optional<Item>> item = steps_.next();
    const std::lock_guard lock(mutex_);
    if (item.ok() && item->has_value()) return std::pair(num_taken_++, **std::move(item));
    read_failure_ = item.status();
    has_ended_ = true;
    changed_.notify_all();
    return std::nullopt;
  }

  void Deliver() {
    while (failure_.ok() && !done_.empty() && done_.begin()->first == num_delivered_) {
      absl::StatusOr<Result> result = std::move(done_.begin()->second);
      done_.erase(done_.begin());
      failure_ = result.ok() ? steps_.deliver(*std::move(result)) : result.status();
      if (failure_.ok()) ++num_delivered_;
    }
    if (!failure_.ok()) has_ended_ = true;
  }

  const Steps steps_;
  const size_t num_threads_, window_;

  std::mutex reading_mutex_;  // taken before mutex_

  std::mutex mutex_;  // all below
  std::condition_variable changed_;
  std::map<size_t, absl::StatusOr<Result>> done_;
  size_t num_taken_ = 0, num_delivered_ = 0;
  bool has_ended_ = false;
  absl::Status read_failure_, failure_;
};

}  // namespace limpid::client
