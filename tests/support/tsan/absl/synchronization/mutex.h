#pragma once

#include_next <absl/synchronization/mutex.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"  // keeps the mutex that its library has
#include "absl/time/clock.h"
#include "absl/time/time.h"

// Included before Abseil's own header in builds with ThreadSanitizer, which does not see through a mutex that was
// compiled without it, as Debian's is, and would report a race at every access that one guards. Gives our rooms the
// parts of absl::Mutex that they use on the standard library's mutex, which it knows. Put this folder first on the
// include path; not for code that shares an absl::Mutex with a library (gRPC's headers do).
namespace absl {

class TsanCondition {
 public:
  template <typename Callable>
  explicit TsanCondition(const Callable* callable)
      : argument_(callable), eval_([](const void* a) { return static_cast<const Callable*>(a)->operator()(); }) {}
  explicit TsanCondition(const bool* flag)
      : argument_(flag), eval_([](const void* a) { return *static_cast<const bool*>(a); }) {}

  bool Eval() const { return eval_(argument_); }

 private:
  const void* const argument_;
  bool (*const eval_)(const void*);
};

class ABSL_LOCKABLE TsanMutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }

  // Whoever waits for what changed under the lock looks again.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    unlocked_.notify_all();
    mutex_.unlock();
  }

  void Await(const TsanCondition& condition) {
    std::unique_lock<std::mutex> lock(mutex_, std::adopt_lock);
    unlocked_.notify_all();
    unlocked_.wait(lock, [&] { return condition.Eval(); });
    lock.release();
  }

  bool AwaitWithDeadline(const TsanCondition& condition, Time deadline) {
    std::unique_lock<std::mutex> lock(mutex_, std::adopt_lock);
    unlocked_.notify_all();
    const bool met = unlocked_.wait_until(lock, ToChronoTime(deadline), [&] { return condition.Eval(); });
    lock.release();
    return met;
  }

  bool AwaitWithTimeout(const TsanCondition& condition, Duration timeout) {
    return AwaitWithDeadline(condition, Now() + timeout);
  }

 private:
  std::mutex mutex_;
  std::condition_variable unlocked_;
};

class ABSL_SCOPED_LOCKABLE TsanMutexLock {
 public:
  explicit TsanMutexLock(TsanMutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~TsanMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  TsanMutexLock(const TsanMutexLock&) = delete;
  TsanMutexLock& operator=(const TsanMutexLock&) = delete;

 private:
  TsanMutex* const mutex_;
};

}  // namespace absl

#define Condition TsanCondition
#define Mutex TsanMutex
#define MutexLock TsanMutexLock
