#include "schedule/compute_worker.h"

#include <pthread.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/reason.h"

namespace limpid::schedule {
namespace {

absl::Status CheckRows(const RowGroup& group) {
  for (const engine::Row& row : group.rows) {
    if (absl::Status status = group.engine->Check(row); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Stopping() {
  return base::WithReason(absl::UnavailableError("the server is stopping: try another replica"),
                          base::Reason::kDraining);
}

}  // namespace

ComputeWorker::ComputeWorker(const SchedulerOptions& options, Speed* speed, telemetry::Metrics* metrics)
    : speed_(speed),
      metrics_(metrics),
      batcher_(options),
      runner_(options.max_batch_tokens, speed, metrics),
      thread_([this] { RunBatches(); }) {
  pthread_setname_np(thread_.native_handle(), "compute");
}

ComputeWorker::~ComputeWorker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  std::vector<std::shared_ptr<WaitingGroup>> waiting;
  {
    absl::MutexLock lock(&mutex_);
    waiting = batcher_.TakeAll();
    ShowQueueLocked();
  }
  for (const auto& group : waiting) group->Fail(Stopping());
}

void ComputeWorker::Submit(RowGroup rows) {
  const absl::Status checked = CheckRows(rows);
  const auto group = std::make_shared<WaitingGroup>(std::move(rows), absl::Now());
  if (!checked.ok()) return group->Fail(checked);
  group->WatchCaller([this, watched = std::weak_ptr(group)] {
    if (const auto stopped = watched.lock(); stopped != nullptr) EndIfUnstarted(stopped);
  });
  if (!Add(group)) return group->Fail(Stopping());
  // He may have gone before the group was there to be found.
  if (group->group().stop.stop_requested()) EndIfUnstarted(group);
}

bool ComputeWorker::Add(const std::shared_ptr<WaitingGroup>& group) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return false;
  batcher_.Add(group);
  ShowQueueLocked();
  return true;
}

void ComputeWorker::EndIfUnstarted(const std::shared_ptr<WaitingGroup>& group) {
  {
    absl::MutexLock lock(&mutex_);
    if (!batcher_.TakeUnstarted(*group)) return;
    ShowQueueLocked();
  }
  group->Fail(absl::CancelledError("the caller has gone"));
}

absl::Time ComputeWorker::batch_started() const {
  const int64_t started = batch_started_ns_;
  return started == kIdle ? absl::InfiniteFuture() : absl::FromUnixNanos(started);
}

void ComputeWorker::RunBatches() {
  while (std::optional<Work> work = TakeWork()) {
    for (const auto& group : work->gone) group->Fail(group->CheckCaller(work->taken, *speed_));
    if (work->batch.tickets.empty()) continue;
    batch_started_ns_ = absl::ToUnixNanos(absl::Now());
    runner_.Run(work->batch);
    batch_started_ns_ = kIdle;
  }
}

std::optional<ComputeWorker::Work> ComputeWorker::TakeWork() {
  absl::MutexLock lock(&mutex_);
  auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !batcher_.empty(); };
  mutex_.Await(absl::Condition(&ready));
  if (stopping_) return std::nullopt;
  Work work;
  work.taken = absl::Now();
  work.gone = batcher_.TakeGone(work.taken, *speed_);
  const absl::Time oldest = batcher_.oldest();
  metrics_->queue_oldest_seconds->Set(oldest > work.taken ? 0 : absl::ToDoubleSeconds(work.taken - oldest));
  work.batch = batcher_.NextBatch(work.taken);
  ShowQueueLocked();
  return work;
}

void ComputeWorker::ShowQueueLocked() {
  metrics_->queue_tokens->Set(static_cast<double>(batcher_.num_tokens()));
  metrics_->queue_rows->Set(static_cast<double>(batcher_.num_rows()));
  metrics_->queue_requests->Set(static_cast<double>(batcher_.num_groups()));
}

}  // namespace limpid::schedule
