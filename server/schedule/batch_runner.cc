#include "schedule/batch_runner.h"

#include <exception>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/reason.h"

namespace limpid::schedule {
namespace {

// Brings what a pass announces to the groups of its rows.
class Announcer final : public engine::PassObserver {
 public:
  explicit Announcer(std::span<const RowTicket> tickets) : tickets_(tickets) {}
  void OnPrediction(size_t index, const engine::Prediction& prediction) override {
    tickets_[index].group->SetPrediction(tickets_[index].row_index, prediction);
  }
  void OnAttention(size_t index, size_t layer_index, const engine::HostTensor& maps) override {
    tickets_[index].group->SetAttention(tickets_[index].row_index, layer_index, maps);
  }

 private:
  const std::span<const RowTicket> tickets_;
};

// The engine's word, whatever it does.
absl::StatusOr<std::vector<engine::RowResult>> RunEngine(engine::Engine* engine, std::span<const RowTicket> tickets) {
  std::vector<const engine::Row*> rows;
  for (const RowTicket& ticket : tickets) rows.push_back(&ticket.row());
  Announcer announcer(tickets);
  try {
    auto results = engine->Run(rows, &announcer);
    if (results.ok() && results->size() != rows.size()) {
      return base::WithReason(
          absl::InternalError(absl::StrCat("the engine gave ", results->size(), " results for ", rows.size(), " rows")),
          base::Reason::kInvariant);
    }
    return results;
  } catch (const std::exception& e) {
    return base::WithReason(absl::InternalError(absl::StrCat("the engine threw: ", e.what())),
                            base::Reason::kInvariant);
  }
}

std::set<WaitingGroup*> GroupsOf(std::span<const RowTicket> tickets) {
  std::set<WaitingGroup*> groups;
  for (const RowTicket& ticket : tickets) groups.insert(ticket.group.get());
  return groups;
}

// Alone a row has all the memory there is.
absl::Status DoesNotFitAlone(absl::Status status) {
  if (!absl::IsResourceExhausted(status) || base::ReasonOf(status).has_value()) return status;
  return base::WithReason(std::move(status), base::Reason::kOutOfDeviceMemory);
}

}  // namespace

void BatchRunner::Run(const Batch& batch) {
  const std::span<const RowTicket> tickets = batch.tickets;
  absl::Status status = RunTogether(batch.engine.get(), tickets);
  if (status.ok()) return;
  if (tickets.size() == 1) return tickets.front().group->Fail(DoesNotFitAlone(std::move(status)));
  if (metrics_ != nullptr) metrics_->batch_splits->Increment();
  for (size_t i = 0; i < tickets.size(); ++i) {
    WaitingGroup& group = *tickets[i].group;
    if (group.ended()) continue;
    absl::Status alone = group.CheckCaller(absl::Now(), *speed_);
    if (alone.ok()) alone = DoesNotFitAlone(RunTogether(batch.engine.get(), tickets.subspan(i, 1)));
    if (!alone.ok()) group.Fail(std::move(alone));
  }
}

absl::Status BatchRunner::RunTogether(engine::Engine* engine, std::span<const RowTicket> tickets) {
  const std::set<WaitingGroup*> groups = GroupsOf(tickets);
  const absl::Time started = absl::Now();
  for (WaitingGroup* group : groups) group->SetStarted(started);
  absl::StatusOr<std::vector<engine::RowResult>> results = RunEngine(engine, tickets);
  const absl::Time finished = absl::Now();
  Count(tickets, finished - started);
  for (WaitingGroup* group : groups) group->AddBatchTime(started, finished);
  if (base::ReasonOf(results.status()) == base::Reason::kDeviceLost) device_lost_ = true;
  if (!results.ok()) return results.status();
  for (size_t i = 0; i < tickets.size(); ++i) {
    tickets[i].group->SetResult(tickets[i].row_index, std::move((*results)[i]));
  }
  return absl::OkStatus();
}

// All rows of a batch are of one engine, hence of one model.
void BatchRunner::Count(std::span<const RowTicket> tickets, absl::Duration duration) {
  size_t tokens = 0, backward = 0;
  double flops = 0;
  bool goes_on = true;
  for (const RowTicket& ticket : tickets) {
    tokens += ticket.row().num_computed_tokens();
    backward += ticket.row().wanted.needs_backward() ? 1 : 0;
    flops += ticket.cost().flops;
    goes_on = goes_on && ticket.row().past_length > 0;
  }
  // A token or two that go on from a past take as long as reading the weights does, which says nothing of others.
  if (!goes_on) speed_->Record(flops, duration);
  if (metrics_ != nullptr) {
    metrics_->compute_seconds->Increment(absl::ToDoubleSeconds(duration));
    metrics_->compute_flops->Increment(flops);
  }
  const telemetry::ModelMetrics* const model = tickets.front().group->group().metrics;
  if (model == nullptr) return;
  model->batches->Increment();
  model->tokens->Increment(static_cast<double>(tokens));
  model->forward_passes->Increment(static_cast<double>(tickets.size()));
  model->backward_passes->Increment(static_cast<double>(backward));
  model->batch_rows->Observe(static_cast<double>(tickets.size()));
  model->batch_tokens->Observe(static_cast<double>(tokens));
  model->batch_fill->Observe(static_cast<double>(tokens) / static_cast<double>(max_batch_tokens_));
}

}  // namespace limpid::schedule
