#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace limpid::explain {

// Counts what still uses the explainer's scheduler and pool. Thread-safe.
class LiveSessions {
 public:
  // Counts from construction to destruction.
  class Membership {
   public:
    explicit Membership(LiveSessions* sessions);
    ~Membership();
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    LiveSessions* const sessions_;
  };

  void AwaitNone();

 private:
  absl::Mutex mutex_;
  size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace limpid::explain
