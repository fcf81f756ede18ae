#include "rpc/gate.h"

#include "absl/status/status.h"
#include "base/reason.h"
#include "base/status_macros.h"

namespace limpid::rpc {

absl::StatusOr<Gate::Pass> Gate::Enter(const Caller& caller) {
  ABSL_RETURN_IF_ERROR(caller.authentication);
  absl::MutexLock lock(&mutex_);
  if (closed_) {
    metrics_->rejected.draining->Increment();
    return base::WithReason(absl::UnavailableError("the server is draining: try another replica"),
                            base::Reason::kDraining);
  }
  ++num_inside_;
  metrics_->inflight_requests->Increment();
  return Pass(this);
}

void Gate::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

bool Gate::WaitUntilEmpty(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  auto empty = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return num_inside_ == 0; };
  return mutex_.AwaitWithDeadline(absl::Condition(&empty), deadline);
}

void Gate::Leave() {
  absl::MutexLock lock(&mutex_);
  --num_inside_;
  metrics_->inflight_requests->Decrement();
}

}  // namespace limpid::rpc
