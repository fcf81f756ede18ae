#include "explain/session_base.h"

#include <new>
#include <utility>

#include "base/reason.h"
#include "explain/preparation.h"

namespace limpid::explain {

absl::Status SessionBase::Defect(const char* message) {
  return base::WithReason(absl::InternalError(message), base::Reason::kInvariant);
}

SessionBase::SessionBase(const Workplace& workplace, std::shared_ptr<const Model> model, CallContext context,
                         std::shared_ptr<schedule::Admission::Permit> permit, std::shared_ptr<EventSink> sink)
    : membership_(workplace.sessions),
      workplace_(workplace),
      model_(std::move(model)),
      context_(std::move(context)),
      permit_(std::move(permit)),
      sink_(std::move(sink)),
      caller_gone_(context_.stop, [this] { stop_.request_stop(); }) {}

SessionBase::~SessionBase() { sink_.End(Defect("a step of the request was lost")); }

void SessionBase::Post(Step step) {
  workplace_.parts.pool->Post([self = shared_from_this(), step = std::move(step)]() mutable { self->Run(step); });
}

void SessionBase::Run(Step& step) {
  absl::MutexLock lock(&step_mutex_);
  if (has_ended_) return;
  absl::Status status = CheckCaller();
  try {
    if (status.ok()) status = step();
  } catch (const std::bad_alloc&) {
    status = base::WithReason(absl::ResourceExhaustedError("no memory left for this request"),
                              base::Reason::kOutOfDeviceMemory);
  } catch (const std::exception& e) {
    status = Defect(e.what());
  }
  if (!status.ok()) status = OnFailure(std::move(status));
  if (!status.ok()) End(std::move(status));
}

absl::Status SessionBase::CheckCaller() const {
  if (context_.stop.stop_requested()) return absl::CancelledError("the caller has gone");
  if (absl::Now() < context_.deadline) return absl::OkStatus();
  return base::WithReason(absl::DeadlineExceededError("the deadline came before the answer"), base::Reason::kExpired);
}

void SessionBase::EndWithSummary() {
  summary_.model = model_->name;
  summary_.weights_sha256 = card().weights_sha256;
  summary_.total_ms = absl::ToDoubleMilliseconds(absl::Now() - accepted_);
  context_.progress->stage = Stage::kWrite;
  sink_.Emit(std::move(summary_));
  End(absl::OkStatus());
}

void SessionBase::End(absl::Status status) {
  has_ended_ = true;
  permit_->ComputedAll();
  sink_.End(std::move(status));
  stop_.request_stop();
}

void SessionBase::SubmitRows(std::vector<engine::Row> rows, const RowsRequest& how, TakeResults then,
                             const std::function<void(schedule::RowGroup*)>& prepare) {
  const schedule::Demand demand = DemandOf(*model_->engine, rows);
  summary_.tokens += static_cast<uint32_t>(demand.tokens);
  for (const engine::Row& row : rows) {
    ++summary_.rows_forward;
    if (row.wanted.needs_backward()) ++summary_.rows_backward;
  }
  schedule::RowGroup group;
  group.engine = model_->engine;
  group.metrics = model_->metrics;
  group.rows = std::move(rows);
  group.client = context_.client;
  group.call = context_.call;
  group.priority = how.priority;
  group.stop = stop_.get_token();
  group.deadline = context_.deadline;
  group.takes_part = how.takes_part;
  context_.progress->stage = Stage::kQueue;
  group.on_started = [progress = context_.progress] { progress->stage = Stage::kCompute; };
  if (prepare != nullptr) prepare(&group);
  group.on_done = [self = shared_from_this(), then = std::move(then), demand](Results results,
                                                                              schedule::RowTiming timing) {
    self->Post([self = self.get(), then, demand, timing, results = std::move(results)]() mutable {
      self->TakeTiming(timing, demand);
      return then(std::move(results));
    });
  };
  workplace_.parts.scheduler->Submit(std::move(group));
}

void SessionBase::TakeTiming(const schedule::RowTiming& timing, const schedule::Demand& demand) {
  permit_->Computed(demand.tokens, demand.flops);
  if (timing.started == absl::InfiniteFuture()) return;
  if (!queue_time_.has_value()) {
    queue_time_ = timing.started - timing.queued;
    summary_.queue_ms = absl::ToDoubleMilliseconds(*queue_time_);
  }
  summary_.compute_ms += absl::ToDoubleMilliseconds(timing.compute);
}

}  // namespace limpid::explain
