#include "base/timer.h"

#include <pthread.h>

#include "absl/time/clock.h"

namespace limpid::base {

struct TimerQueue {
  absl::Mutex mutex;
  // By time, then by order of arrival.
  std::map<std::pair<absl::Time, uint64_t>, Timer::Task> tasks ABSL_GUARDED_BY(mutex);
  uint64_t num_scheduled ABSL_GUARDED_BY(mutex) = 0;
  bool first_changed ABSL_GUARDED_BY(mutex) = false;
  bool stopping ABSL_GUARDED_BY(mutex) = false;

  void Run();
  Timer::Task TakeDue();
};

void TimerQueue::Run() {
  while (Timer::Task task = TakeDue()) task();
}

// Waits for the next task; none when the timer stops.
Timer::Task TimerQueue::TakeDue() {
  absl::MutexLock lock(&mutex);
  auto woken = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return stopping || first_changed; };
  while (!stopping) {
    first_changed = false;
    const absl::Time next = tasks.empty() ? absl::InfiniteFuture() : tasks.begin()->first.first;
    if (next <= absl::Now()) return std::move(tasks.extract(tasks.begin()).mapped());
    if (next == absl::InfiniteFuture()) {
      mutex.Await(absl::Condition(&woken));
    } else {
      mutex.AwaitWithDeadline(absl::Condition(&woken), next);
    }
  }
  return nullptr;
}

Timer::Timer() : queue_(std::make_shared<TimerQueue>()), thread_([queue = queue_] { queue->Run(); }) {
  pthread_setname_np(thread_.native_handle(), "timer");
}

Timer::~Timer() {
  std::map<std::pair<absl::Time, uint64_t>, Task> dropped;
  absl::MutexLock lock(&queue_->mutex);
  queue_->stopping = true;
  dropped.swap(queue_->tasks);
}

Timer::Handle Timer::Schedule(absl::Time when, Task task) {
  Handle handle;
  if (when == absl::InfiniteFuture()) return handle;
  absl::MutexLock lock(&queue_->mutex);
  handle.queue_ = queue_;
  handle.key_ = {when, ++queue_->num_scheduled};
  const auto at = queue_->tasks.emplace(handle.key_, std::move(task)).first;
  if (at == queue_->tasks.begin()) queue_->first_changed = true;
  return handle;
}

void Timer::Handle::Cancel() {
  const std::shared_ptr<TimerQueue> queue = std::exchange(queue_, {}).lock();
  if (queue == nullptr) return;
  Task dropped;  // destroyed after the lock is released: what it owns may be waiting to cancel another
  absl::MutexLock lock(&queue->mutex);
  const auto found = queue->tasks.find(key_);
  if (found == queue->tasks.end()) return;
  dropped = std::move(found->second);
  queue->tasks.erase(found);
}

}  // namespace limpid::base
