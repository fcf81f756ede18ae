#include "explain/live_sessions.h"

namespace limpid::explain {

LiveSessions::Membership::Membership(LiveSessions* sessions) : sessions_(sessions) {
  absl::MutexLock lock(&sessions_->mutex_);
  ++sessions_->count_;
}

LiveSessions::Membership::~Membership() {
  absl::MutexLock lock(&sessions_->mutex_);
  --sessions_->count_;
}

void LiveSessions::AwaitNone() {
  absl::MutexLock lock(&mutex_);
  auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return count_ == 0; };
  mutex_.Await(absl::Condition(&none));
}

}  // namespace limpid::explain
