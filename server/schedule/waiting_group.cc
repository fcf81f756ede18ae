#include "schedule/waiting_group.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/reason.h"

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

absl::Status Expired(const char* message) {
  return base::WithReason(absl::DeadlineExceededError(message), base::Reason::kExpired);
}

}  // namespace

WaitingGroup::WaitingGroup(RowGroup group, absl::Time now)
    : group_(std::move(group)), results_(group_.rows.size()), announced_(group_.rows.size()) {
  timing_.queued = now;
  for (const engine::Row& row : group_.rows) {
    costs_.push_back(group_.engine->Cost(row.num_computed_tokens(), row.wanted));
    flops_left_ += costs_.back().flops;
  }
}

absl::Status WaitingGroup::CheckCaller(absl::Time now, const Speed& speed) const {
  if (group_.stop.stop_requested()) return absl::CancelledError("the caller has gone");
  if (now >= group_.deadline) return Expired("the deadline came before all rows were computed");
  if (group_.takes_part || group_.deadline == absl::InfiniteFuture()) return absl::OkStatus();
  if (now + speed.TimeFor(flops_left_) / 2 <= group_.deadline) return absl::OkStatus();
  return Expired("the rows that are left cannot be computed before the deadline");
}

void WaitingGroup::WatchCaller(std::function<void()> on_stop) {
  if (group_.stop.stop_possible()) stop_callback_.emplace(group_.stop, std::move(on_stop));
}

void WaitingGroup::SetStarted(absl::Time now) {
  if (timing_.started != absl::InfiniteFuture()) return;
  timing_.started = now;
  if (!ended_ && group_.on_started) CallSafely(group_.on_started);
}

void WaitingGroup::AddBatchTime(absl::Time started, absl::Time finished) {
  timing_.finished = finished;
  timing_.compute += finished - started;
}

void WaitingGroup::SetPrediction(size_t row_index, const engine::Prediction& prediction) {
  if (ended_ || std::exchange(announced_[row_index].prediction, true) || !group_.on_prediction) return;
  CallSafely([&] { group_.on_prediction(row_index, prediction); });
}

void WaitingGroup::SetAttention(size_t row_index, size_t index, const engine::HostTensor& maps) {
  if (ended_ || index < announced_[row_index].num_layers || !group_.on_attention) return;
  announced_[row_index].num_layers = index + 1;
  CallSafely([&] { group_.on_attention(row_index, index, maps); });
}

void WaitingGroup::SetResult(size_t row_index, engine::RowResult result) {
  if (ended_) return;
  results_[row_index] = std::move(result);
  flops_left_ -= costs_[row_index].flops;
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
  group_.on_attention = nullptr;
  group_.on_started = nullptr;
  stop_callback_.reset();
}

}  // namespace limpid::schedule
