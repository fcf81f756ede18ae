#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "schedule/client_account.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

struct SchedulerOptions {
  // Tokens of one batch; a longer row goes alone.
  size_t max_batch_tokens = 1024;
  // Memory of one batch's pass, by Engine::Cost; a row that needs more goes alone.
  uint64_t max_batch_bytes = uint64_t{4} << 30;
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
  std::string client;                          // clients get equal shares
  uint64_t call = 0;                           // so do the calls of a client; one may bring many groups
  Priority priority = Priority::kInteractive;
  std::stop_token stop;
  absl::Time deadline = absl::InfiniteFuture();
  bool takes_part = false;  // what is announced before the deadline is worth a run that ends after it

  // Optional, all of them; must be quick. When the first batch with a row of this group begins.
  std::function<void()> on_started;
  // While the row's batch runs: PassObserver::OnPrediction and OnAttention, each at most once a row (and layer).
  std::function<void(size_t row_index, const engine::Prediction&)> on_prediction;
  std::function<void(size_t row_index, size_t index, const engine::HostTensor& maps)> on_attention;

  // Exactly once; must be quick. Results in the order of `rows`. CANCELLED if `stop` was requested: at once, from the
  // thread that requested it, if no row has begun. DEADLINE_EXCEEDED if the deadline came before all rows ran or can no
  // longer be met. The rows left are then never computed. INVALID_ARGUMENT if the engine refuses a row (Engine::Check),
  // UNAVAILABLE if the scheduler stops (both from Submit's caller), else the engine's own failure of a row that was run
  // alone, from the compute thread like all results.
  std::function<void(absl::StatusOr<std::vector<engine::RowResult>>, RowTiming)> on_done;
};

// Packs rows of all waiting groups into batches and runs them on the one compute worker. Thread-safe. Takes whatever it
// is given: how much may wait is for the admission to say.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void Submit(RowGroup group) = 0;
};

}  // namespace limpid::schedule
