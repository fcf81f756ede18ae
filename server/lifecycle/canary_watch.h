#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "base/periodic.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "explain/model_registry.h"
#include "schedule/scheduler.h"
#include "telemetry/log.h"

namespace limpid::lifecycle {

// Asks every model its canary at intervals, by the way that requests take, and says whether all of them still answer
// right. An answer that is still awaited when the next one is due is not asked for twice: a busy device is not a wrong
// one, and one that hangs is the watchdog's business.
class CanaryWatch {
 public:
  // All of it outlives the watch.
  struct Parts {
    const explain::ModelRegistry* registry = nullptr;
    schedule::Scheduler* scheduler = nullptr;
    base::WorkerPool* pool = nullptr;  // compares the answers
    base::Timer* timer = nullptr;
    telemetry::Log* log = nullptr;
    // Whether the models answer right, when that changes; right at first. One call at a time, from any thread, must be
    // quick.
    std::function<void(bool)> on_change;
  };

  CanaryWatch(Parts parts, absl::Duration interval);
  // No call of on_change begins or runs after this.
  ~CanaryWatch();
  CanaryWatch(const CanaryWatch&) = delete;
  CanaryWatch& operator=(const CanaryWatch&) = delete;

 private:
  class State;

  // Shared with the rows under way, which may come back later than this ends.
  const std::shared_ptr<State> state_;
  const base::Periodic periodic_;
};

}  // namespace limpid::lifecycle
