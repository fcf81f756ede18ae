#include "schedule/waiting_group.h"

#include <algorithm>
#include <utility>

namespace limpid::schedule {
namespace {

// A callback's defect is its owner's loss only: the compute thread goes on.
template <typename Callback>
void CallSafely(const Callback& callback) {
  try {
    callback();
  } catch (...) {
  }
}

}  // namespace

WaitingGroup::WaitingGroup(RowGroup group, absl::Time now)
    : group_(std::move(group)), results_(group_.rows.size()), predicted_(group_.rows.size(), false) {
  timing_.queued = now;
}

absl::Status WaitingGroup::CheckCaller(absl::Time now) const {
  if (group_.stop.stop_requested()) return absl::CancelledError("the caller has gone");
  if (now >= group_.deadline) return absl::DeadlineExceededError("the deadline came before all rows were computed");
  return absl::OkStatus();
}

void WaitingGroup::AddBatchTime(absl::Time started, absl::Time finished) {
  timing_.started = std::min(timing_.started, started);
  timing_.finished = finished;
  timing_.compute += finished - started;
}

void WaitingGroup::SetPrediction(size_t row_index, const engine::Prediction& prediction) {
  if (ended_ || predicted_[row_index] || !group_.on_prediction) return;
  predicted_[row_index] = true;
  CallSafely([&] { group_.on_prediction(row_index, prediction); });
}

void WaitingGroup::SetResult(size_t row_index, engine::RowResult result) {
  if (ended_) return;
  results_[row_index] = std::move(result);
  if (++num_results_ == results_.size()) End(std::move(results_));
}

void WaitingGroup::Fail(absl::Status status) {
  if (!ended_) End(std::move(status));
}

void WaitingGroup::End(absl::StatusOr<std::vector<engine::RowResult>> outcome) {
  ended_ = true;
  CallSafely([&] { group_.on_done(std::move(outcome), timing_); });
  // What the callbacks own may be waiting to be freed.
  group_.on_done = nullptr;
  group_.on_prediction = nullptr;
}

}  // namespace limpid::schedule
