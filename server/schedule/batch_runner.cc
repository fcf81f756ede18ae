#include "schedule/batch_runner.h"

#include <exception>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/reason.h"

namespace limpid::schedule {
namespace {

// The engine's word, whatever it does.
absl::StatusOr<std::vector<engine::RowResult>> RunEngine(engine::Engine* engine, std::span<const RowTicket> tickets) {
  std::vector<const engine::Row*> rows;
  for (const RowTicket& ticket : tickets) rows.push_back(&ticket.row());
  struct Announcer final : engine::PassObserver {
    explicit Announcer(std::span<const RowTicket> t) : of(t) {}
    void OnPrediction(size_t index, const engine::Prediction& prediction) override {
      of[index].group->SetPrediction(of[index].row_index, prediction);
    }
    void OnAttention(size_t, size_t, const engine::HostTensor&) override {}
    const std::span<const RowTicket> of;
  } observer(tickets);
  try {
    auto results = engine->Run(rows, &observer);
    if (results.ok() && results->size() != rows.size()) {
      return absl::InternalError(
          absl::StrCat("the engine gave ", results->size(), " results for ", rows.size(), " rows"));
    }
    return results;
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("the engine threw: ", e.what()));
  }
}

// All rows of a batch are of one engine, hence of one model.
void Count(std::span<const RowTicket> tickets) {
  const telemetry::ModelMetrics* const metrics = tickets.front().group->group().metrics;
  if (metrics == nullptr) return;
  size_t tokens = 0, backward = 0;
  for (const RowTicket& ticket : tickets) {
    tokens += ticket.row().token_ids.size();
    backward += ticket.row().wanted.needs_backward() ? 1 : 0;
  }
  metrics->batches->Increment();
  metrics->tokens->Increment(static_cast<double>(tokens));
  metrics->forward_passes->Increment(static_cast<double>(tickets.size()));
  metrics->backward_passes->Increment(static_cast<double>(backward));
  metrics->batch_rows->Observe(static_cast<double>(tickets.size()));
  metrics->batch_tokens->Observe(static_cast<double>(tokens));
}

}  // namespace

void BatchRunner::Run(const Batch& batch) {
  const std::span<const RowTicket> tickets = batch.tickets;
  absl::Status status = RunTogether(batch.engine, tickets);
  if (status.ok()) return;
  if (tickets.size() == 1) return tickets.front().group->Fail(std::move(status));
  for (size_t i = 0; i < tickets.size(); ++i) {
    WaitingGroup& group = *tickets[i].group;
    if (group.ended()) continue;
    absl::Status alone = group.CheckCaller(absl::Now());
    if (alone.ok()) alone = RunTogether(batch.engine, tickets.subspan(i, 1));
    if (!alone.ok()) group.Fail(std::move(alone));
  }
}

absl::Status BatchRunner::RunTogether(engine::Engine* engine, std::span<const RowTicket> tickets) {
  const absl::Time started = absl::Now();
  absl::StatusOr<std::vector<engine::RowResult>> results = RunEngine(engine, tickets);
  const absl::Time finished = absl::Now();
  Count(tickets);
  std::set<WaitingGroup*> groups;
  for (const RowTicket& ticket : tickets) groups.insert(ticket.group.get());
  for (WaitingGroup* group : groups) group->AddBatchTime(started, finished);
  if (base::ReasonOf(results.status()) == base::Reason::kDeviceLost) device_lost_ = true;
  if (!results.ok()) return results.status();
  for (size_t i = 0; i < tickets.size(); ++i) {
    tickets[i].group->SetResult(tickets[i].row_index, std::move((*results)[i]));
  }
  return absl::OkStatus();
}

}  // namespace limpid::schedule
