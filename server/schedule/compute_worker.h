#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "schedule/batch_runner.h"
#include "schedule/batcher.h"
#include "schedule/scheduler.h"
#include "schedule/speed.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

// The scheduler: one thread, named "compute", that owns every engine's Run. A batch starts as soon as the thread is
// free and anything waits; nothing waits for a batch to fill, since under load the next one fills while this one runs.
//
// `speed` and `metrics` outlive it; an engine lives as long as a group that shares it. Destruction ends the groups that
// still wait with UNAVAILABLE, after the batch under way.
class ComputeWorker final : public Scheduler {
 public:
  ComputeWorker(const SchedulerOptions& options, Speed* speed, telemetry::Metrics* metrics);
  ~ComputeWorker() override;
  ComputeWorker(const ComputeWorker&) = delete;
  ComputeWorker& operator=(const ComputeWorker&) = delete;

  void Submit(RowGroup group) override;

 private:
  struct Work {
    absl::Time taken;
    std::vector<std::shared_ptr<WaitingGroup>> gone;
    Batch batch;
  };

  void RunBatches();
  // Waits for work; none when the worker stops.
  std::optional<Work> TakeWork();
  bool Add(const std::shared_ptr<WaitingGroup>& group);
  void EndIfUnstarted(const std::shared_ptr<WaitingGroup>& group);
  void ShowQueueLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Speed* const speed_;
  telemetry::Metrics* const metrics_;

  absl::Mutex mutex_;
  Batcher batcher_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  BatchRunner runner_;  // the compute thread's
  std::jthread thread_;
};

}  // namespace limpid::schedule
