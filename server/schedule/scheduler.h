#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

struct SchedulerOptions {
  // Tokens of one batch; a longer row goes alone.
  size_t max_batch_tokens = 1024;
  // Tokens waiting in all queues; beyond it Submit refuses with RESOURCE_EXHAUSTED.
  size_t max_queue_tokens = 1 << 18;
};

// When the batches of a group's rows ran; `started` is InfiniteFuture if none did.
struct RowTiming {
  absl::Time queued;                            // Submit
  absl::Time started = absl::InfiniteFuture();  // of the first batch
  absl::Time finished = absl::InfinitePast();   // of the last batch
  absl::Duration compute;                       // of all batches that carried rows of this group, shared ones too
};

// Rows that belong together: those of one step of one request.
struct RowGroup {
  std::shared_ptr<engine::Engine> engine;      // lives at least until on_done
  telemetry::ModelMetrics* metrics = nullptr;  // of the engine's model; null: nothing is counted
  std::vector<engine::Row> rows;               // at least one
  std::stop_token stop;
  absl::Time deadline = absl::InfiniteFuture();
  // Optional; while the row's batch runs (Engine::OnPrediction), before its backward pass, at most once a row. Must be
  // quick.
  std::function<void(size_t row_index, const engine::Prediction&)> on_prediction;
  // Exactly once, from the compute thread (or from Submit's caller on refusal); must be quick. Results in the order
  // of `rows`. CANCELLED if `stop` was requested and DEADLINE_EXCEEDED if the deadline came before all rows ran; the
  // rows left are then never computed. INVALID_ARGUMENT if the engine refuses a row (Engine::Check), UNAVAILABLE if
  // the scheduler stops, else the engine's own failure of a row that was run alone.
  std::function<void(absl::StatusOr<std::vector<engine::RowResult>>, RowTiming)> on_done;
};

// Packs rows of all waiting groups into batches under a token budget and runs them on the one compute worker.
// Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void Submit(RowGroup group) = 0;
};

}  // namespace limpid::schedule
