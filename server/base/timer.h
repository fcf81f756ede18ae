#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace limpid::base {

struct TimerQueue;

// One thread, named "timer", that runs tasks when their time has come. Tasks must be quick and must not throw: long
// work is posted elsewhere. Thread-safe. The destructor drops what has not begun; it outlives its handles' use.
class Timer {
 public:
  using Task = absl::AnyInvocable<void()>;

  // Cancels its task when it is destroyed or assigned to. Does not wait for a task that has begun, so a task owns what
  // it touches. May outlive the timer. Not thread-safe.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept : queue_(std::move(other.queue_)), key_(other.key_) {}
    Handle& operator=(Handle&& other) noexcept {
      Cancel();
      queue_ = std::move(other.queue_);
      key_ = other.key_;
      return *this;
    }
    ~Handle() { Cancel(); }
    void Cancel();

   private:
    friend class Timer;
    std::weak_ptr<TimerQueue> queue_;
    std::pair<absl::Time, uint64_t> key_;
  };

  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Once, at `when` or as soon after as the thread is free. Infinite: never.
  [[nodiscard]] Handle Schedule(absl::Time when, Task task);

 private:
  const std::shared_ptr<TimerQueue> queue_;
  std::jthread thread_;
};

}  // namespace limpid::base
