#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "schedule/scheduler.h"
#include "schedule/speed.h"

namespace limpid::schedule {

// A row group between Submit and on_done: what came back so far, and the promise that its callbacks are called as
// RowGroup says. Not thread-safe: calls come one at a time, from the compute thread or, while that waits in
// Engine::Run, from a thread of the pass; before its first row is handed out also from whoever took it out of the
// queue.
class WaitingGroup {
 public:
  WaitingGroup(RowGroup group, absl::Time now);

  const RowGroup& group() const { return group_; }
  absl::Time queued() const { return timing_.queued; }
  size_t num_rows() const { return group_.rows.size(); }
  const engine::Row& row(size_t index) const { return group_.rows[index]; }
  const engine::PassCost& cost(size_t index) const { return costs_[index]; }

  // CANCELLED or DEADLINE_EXCEEDED when nobody waits for this group any more, or when the rest of it, alone and at
  // twice the expected speed, would come too late.
  absl::Status CheckCaller(absl::Time now, const Speed& speed) const;

  // Calls `on_stop` when the caller goes, at once if he has; until the group ends.
  void WatchCaller(std::function<void()> on_stop);

  // A batch with rows of this group begins, and has run.
  void SetStarted(absl::Time now);
  void AddBatchTime(absl::Time started, absl::Time finished);

  void SetPrediction(size_t row_index, const engine::Prediction& prediction);
  void SetAttention(size_t row_index, size_t index, const engine::HostTensor& maps);
  // The last missing result ends the group.
  void SetResult(size_t row_index, engine::RowResult result);
  void Fail(absl::Status status);
  bool ended() const { return ended_; }

 private:
  // What of a row was announced: a row that is run again is not announced again.
  struct Announced {
    bool prediction = false;
    size_t num_layers = 0;
  };

  void End(absl::StatusOr<std::vector<engine::RowResult>> outcome);

  RowGroup group_;
  std::vector<engine::PassCost> costs_;
  double flops_left_ = 0;
  RowTiming timing_;
  std::vector<engine::RowResult> results_;
  std::vector<Announced> announced_;
  size_t num_results_ = 0;
  bool ended_ = false;
  std::optional<std::stop_callback<std::function<void()>>> stop_callback_;
};

// One row of a waiting group, on its way through a batch.
struct RowTicket {
  std::shared_ptr<WaitingGroup> group;
  size_t row_index = 0;

  const engine::Row& row() const { return group->row(row_index); }
  const engine::PassCost& cost() const { return group->cost(row_index); }
};

}  // namespace limpid::schedule
