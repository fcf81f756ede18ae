#include "base/periodic.h"

#include <utility>

#include "absl/time/clock.h"

namespace limpid::base {

// Shared with the timer, whose task may have begun when its owner ends.
struct Periodic::State : std::enable_shared_from_this<Periodic::State> {
  State(Timer* t, absl::Duration i, std::function<void()> f) : timer(t), interval(i), task(std::move(f)) {}

  void ScheduleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    next = timer->Schedule(absl::Now() + interval, [self = shared_from_this()] { self->Run(); });
  }
  void Run() {
    absl::MutexLock lock(&mutex);
    if (stopped) return;
    task();
    ScheduleLocked();
  }

  Timer* const timer;
  const absl::Duration interval;
  const std::function<void()> task;
  absl::Mutex mutex;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  Timer::Handle next ABSL_GUARDED_BY(mutex);
};

Periodic::Periodic(Timer* timer, absl::Duration interval, std::function<void()> task)
    : state_(std::make_shared<State>(timer, interval, std::move(task))) {
  absl::MutexLock lock(&state_->mutex);
  state_->ScheduleLocked();
}

Periodic::~Periodic() {
  absl::MutexLock lock(&state_->mutex);
  state_->stopped = true;
  state_->next.Cancel();
}

}  // namespace limpid::base
