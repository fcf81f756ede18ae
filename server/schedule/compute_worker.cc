#include "schedule/compute_worker.h"

#include <pthread.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace limpid::schedule {
namespace {

absl::Status CheckRows(const RowGroup& group) {
  for (const engine::Row& row : group.rows) {
    if (absl::Status status = group.engine->Check(row); !status.ok()) return status;
  }
  return absl::OkStatus();
}

size_t CountTokens(const RowGroup& group) {
  size_t tokens = 0;
  for (const engine::Row& row : group.rows) tokens += row.token_ids.size();
  return tokens;
}

}  // namespace

ComputeWorker::ComputeWorker(const SchedulerOptions& options, telemetry::Metrics* metrics)
    : options_(options), metrics_(metrics), batcher_(options.max_batch_tokens), thread_([this] { RunBatches(); }) {
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
  for (const auto& group : waiting) group->Fail(absl::UnavailableError("the server is stopping: try another replica"));
}

void ComputeWorker::Submit(RowGroup rows) {
  const absl::Status checked = CheckRows(rows);
  auto group = std::make_shared<WaitingGroup>(std::move(rows), absl::Now());
  if (!checked.ok()) return group->Fail(checked);
  if (absl::Status admitted = Admit(group); !admitted.ok()) group->Fail(std::move(admitted));
}

absl::Status ComputeWorker::Admit(const std::shared_ptr<WaitingGroup>& group) {
  const size_t tokens = CountTokens(group->group());
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the server is stopping: try another replica");
  // An empty queue takes any group, else a large one could never run.
  if (!batcher_.empty() && batcher_.num_tokens() + tokens > options_.max_queue_tokens) {
    return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", batcher_.num_tokens(),
                                                     " tokens wait, this needs ", tokens, ", the limit is ",
                                                     options_.max_queue_tokens));
  }
  batcher_.Add(group);
  ShowQueueLocked();
  return absl::OkStatus();
}

absl::Time ComputeWorker::batch_started() const {
  const int64_t started = batch_started_ns_;
  return started == kIdle ? absl::InfiniteFuture() : absl::FromUnixNanos(started);
}

void ComputeWorker::RunBatches() {
  while (std::optional<Work> work = TakeWork()) {
    for (const auto& group : work->gone) group->Fail(group->CheckCaller(work->taken));
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
  work.gone = batcher_.TakeGone(work.taken);
  work.batch = batcher_.NextBatch();
  ShowQueueLocked();
  return work;
}

void ComputeWorker::ShowQueueLocked() {
  metrics_->queue_tokens->Set(static_cast<double>(batcher_.num_tokens()));
  metrics_->queue_requests->Set(static_cast<double>(batcher_.num_groups()));
}

}  // namespace limpid::schedule
