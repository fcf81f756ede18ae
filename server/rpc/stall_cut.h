#pragma once

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/timer.h"

namespace limpid::rpc {

// Cuts a stream whose reader does not take a message in time, so that what waits for it is freed. Cancelling the call
// takes its context, which gRPC keeps only until the call is finished: so no call finishes while it is being cut.
// Thread-safe.
class StallCut : public std::enable_shared_from_this<StallCut> {
 public:
  // `cut` cancels the call; it runs on the timer's thread, with a write in flight and before `finish` of Finish.
  StallCut(base::Timer* timer, absl::Duration limit, std::function<void()> cut)
      : timer_(timer), limit_(limit), cut_(std::move(cut)) {}

  // A write begins, and has left.
  void OnWrite();
  void OnWriteDone();

  // Runs `finish` now, or as soon as a cut under way is over. Once.
  void Finish(std::function<void()> finish);

 private:
  void Cut();

  base::Timer* const timer_;
  const absl::Duration limit_;

  absl::Mutex mutex_;
  std::function<void()> cut_ ABSL_GUARDED_BY(mutex_);  // null once finished
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_cutting_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> finish_ ABSL_GUARDED_BY(mutex_);
  base::Timer::Handle alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::rpc
