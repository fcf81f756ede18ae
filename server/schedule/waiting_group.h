#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "schedule/scheduler.h"

namespace limpid::schedule {

// A row group between Submit and on_done: what came back so far, and the promise that its callbacks are called as
// RowGroup says. Not thread-safe: calls come one at a time, from the compute thread or, while that waits in
// Engine::Run, with a prediction from a thread of the pass.
class WaitingGroup {
 public:
  WaitingGroup(RowGroup group, absl::Time now);

  const RowGroup& group() const { return group_; }
  const engine::Row& row(size_t index) const { return group_.rows[index]; }

  // CANCELLED or DEADLINE_EXCEEDED when nobody waits for this group any more.
  absl::Status CheckCaller(absl::Time now) const;

  // A batch with rows of this group ran from `started` to `finished`.
  void AddBatchTime(absl::Time started, absl::Time finished);

  void SetPrediction(size_t row_index, const engine::Prediction& prediction);
  // The last missing result ends the group.
  void SetResult(size_t row_index, engine::RowResult result);
  void Fail(absl::Status status);
  bool ended() const { return ended_; }

 private:
  void End(absl::StatusOr<std::vector<engine::RowResult>> outcome);

  RowGroup group_;
  RowTiming timing_;
  std::vector<engine::RowResult> results_;
  std::vector<bool> predicted_;  // a row that is run again is not announced again
  size_t num_results_ = 0;
  bool ended_ = false;
};

// One row of a waiting group, on its way through a batch.
struct RowTicket {
  std::shared_ptr<WaitingGroup> group;
  size_t row_index = 0;

  const engine::Row& row() const { return group->row(row_index); }
};

}  // namespace limpid::schedule
