#include "rpc/stall_cut.h"

#include <utility>

#include "absl/time/clock.h"

namespace limpid::rpc {

void StallCut::OnWrite() {
  absl::MutexLock lock(&mutex_);
  is_writing_ = true;
  alarm_ = timer_->Schedule(absl::Now() + limit_, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->Cut();
  });
}

void StallCut::OnWriteDone() {
  absl::MutexLock lock(&mutex_);
  is_writing_ = false;
  alarm_.Cancel();
}

void StallCut::Finish(std::function<void()> finish) {
  {
    absl::MutexLock lock(&mutex_);
    alarm_.Cancel();
    cut_ = nullptr;
    if (is_cutting_) {
      finish_ = std::move(finish);
      return;
    }
  }
  finish();
}

void StallCut::Cut() {
  std::function<void()> cut, finish;
  {
    absl::MutexLock lock(&mutex_);
    if (!is_writing_ || cut_ == nullptr) return;
    is_cutting_ = true;
    cut = std::exchange(cut_, nullptr);
  }
  // Without the lock: gRPC may run the call's reactions in here.
  cut();
  {
    absl::MutexLock lock(&mutex_);
    is_cutting_ = false;
    finish = std::exchange(finish_, nullptr);
  }
  if (finish != nullptr) finish();
}

}  // namespace limpid::rpc
