#include "schedule/admission.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/reason.h"
#include "base/status_macros.h"

namespace limpid::schedule {
namespace {

using base::Reason;

// Below this a client would come back before anything has changed.
constexpr absl::Duration kMinRetry = absl::Milliseconds(50);
// While interactive rows wait, bulk rows keep at least this share, so it is what an interactive request waits for too.
constexpr double kBulkShare = 1.0 / 9;

absl::Status Overloaded(const std::string& message, absl::Duration retry_after) {
  return base::WithRetryAfter(base::WithReason(absl::ResourceExhaustedError(message), Reason::kOverloaded),
                              std::max(retry_after, kMinRetry));
}

absl::Status WithLimit(absl::Status status, const char* name, uint64_t limit, uint64_t actual) {
  status = base::WithDetail(std::move(status), "limit", absl::StrCat(limit));
  status = base::WithDetail(std::move(status), "actual", absl::StrCat(actual));
  return base::WithDetail(std::move(status), "subject", name);
}

int64_t Ms(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

}  // namespace

void Ledger::Add(const Demand& demand, Priority priority) {
  Load& load = loads[static_cast<size_t>(priority)];
  load.tokens += demand.tokens;
  load.flops += demand.flops;
  answer_bytes += demand.answer_bytes;
  answer_bytes_gauge->Set(static_cast<double>(answer_bytes));
}

void Ledger::Subtract(const Demand& demand, Priority priority) {
  Load& load = loads[static_cast<size_t>(priority)];
  load.tokens -= demand.tokens;
  load.flops -= demand.flops;
  // Sums of differences of floats: nothing waits means zero.
  if (load.tokens == 0) load.flops = 0;
  answer_bytes -= demand.answer_bytes;
  answer_bytes_gauge->Set(static_cast<double>(answer_bytes));
}

Admission::Permit::Permit(const Admission* admission, Applicant applicant, const Demand& demand)
    : admission_(admission), ledger_(admission->ledger_), applicant_(std::move(applicant)), held_(demand) {}

Admission::Permit::~Permit() {
  absl::MutexLock lock(&ledger_->mutex);
  ledger_->Subtract(held_, applicant_.priority);
  ledger_->accounts.Leave(applicant_.client, absl::Now());
}

absl::Status Admission::Permit::Revise(const Demand& demand) {
  absl::Status status = admission_->CheckSize(demand);
  if (status.ok()) status = admission_->CheckDeadline(applicant_, demand, absl::ZeroDuration());
  if (status.ok()) {
    absl::MutexLock lock(&ledger_->mutex);
    status = admission_->CheckAnswerLocked(ledger_->answer_bytes - held_.answer_bytes, demand.answer_bytes);
    if (status.ok()) {
      const double more = static_cast<double>(demand.tokens) - static_cast<double>(held_.tokens);
      ledger_->accounts.Charge(applicant_.client, more);
      ledger_->Subtract(held_, applicant_.priority);
      held_ = demand;
      ledger_->Add(held_, applicant_.priority);
    }
  }
  if (!status.ok()) admission_->CountRefusal(status);
  return status;
}

void Admission::Permit::Grow(size_t tokens, double flops) {
  absl::MutexLock lock(&ledger_->mutex);
  ledger_->Add({.tokens = tokens, .flops = flops}, applicant_.priority);
  ledger_->accounts.Charge(applicant_.client, static_cast<double>(tokens));
  held_.tokens += tokens;
  held_.flops += flops;
}

void Admission::Permit::Computed(size_t tokens, double flops) {
  absl::MutexLock lock(&ledger_->mutex);
  const Demand done = {.tokens = std::min(tokens, held_.tokens), .flops = std::min(flops, held_.flops)};
  ledger_->Subtract(done, applicant_.priority);
  held_.tokens -= done.tokens;
  held_.flops -= done.flops;
}

void Admission::Permit::Release(uint64_t answer_bytes) {
  absl::MutexLock lock(&ledger_->mutex);
  ledger_->Subtract({.answer_bytes = answer_bytes}, applicant_.priority);
  held_.answer_bytes -= answer_bytes;
}

void Admission::Permit::ComputedAll() {
  absl::MutexLock lock(&ledger_->mutex);
  ledger_->Subtract({.tokens = held_.tokens, .flops = held_.flops}, applicant_.priority);
  held_.tokens = 0;
  held_.flops = 0;
}

Admission::Admission(const AdmissionOptions& options, const Speed* speed, telemetry::Metrics* metrics)
    : options_(options), speed_(speed), metrics_(metrics), ledger_(std::make_shared<Ledger>(*metrics)) {}

absl::StatusOr<std::shared_ptr<Admission::Permit>> Admission::Admit(const Applicant& applicant, const Demand& demand) {
  absl::Status status;
  {
    absl::MutexLock lock(&ledger_->mutex);
    status = CheckLocked(applicant, demand);
    if (status.ok()) {
      ledger_->accounts.Enter(applicant.client, LimitsOf(applicant), demand.tokens, absl::Now());
      ledger_->Add(demand, applicant.priority);
    }
  }
  if (status.ok()) return std::make_shared<Permit>(this, applicant, demand);
  CountRefusal(status);
  return status;
}

absl::Status Admission::Check(const Applicant& applicant, const Demand& demand) const {
  absl::MutexLock lock(&ledger_->mutex);
  return CheckLocked(applicant, demand);
}

absl::Duration Admission::QueueTime(Priority priority) const {
  absl::MutexLock lock(&ledger_->mutex);
  return QueueTimeLocked(priority);
}

absl::Status Admission::CheckLocked(const Applicant& applicant, const Demand& demand) const {
  ABSL_RETURN_IF_ERROR(CheckSize(demand));
  ABSL_RETURN_IF_ERROR(ledger_->accounts.Check(applicant.client, LimitsOf(applicant), absl::Now()));
  ABSL_RETURN_IF_ERROR(CheckQueueLocked(applicant.priority, demand));
  ABSL_RETURN_IF_ERROR(CheckAnswerLocked(ledger_->answer_bytes, demand.answer_bytes));
  return CheckDeadline(applicant, demand, QueueTimeLocked(applicant.priority));
}

absl::Status Admission::CheckSize(const Demand& demand) const {
  if (demand.peak_bytes <= options_.max_batch_bytes) return absl::OkStatus();
  return WithLimit(base::WithReason(absl::InvalidArgumentError(absl::StrCat("request: needs up to ", demand.peak_bytes,
                                                                            " bytes of memory at once, at most ",
                                                                            options_.max_batch_bytes, " are allowed")),
                                    Reason::kRequestTooLarge),
                   "max_batch_bytes", options_.max_batch_bytes, demand.peak_bytes);
}

absl::Status Admission::CheckQueueLocked(Priority priority, const Demand& demand) const {
  const size_t waiting = ledger_->loads[0].tokens + ledger_->loads[1].tokens;
  // An empty queue takes anything, else a large request could never run.
  if (waiting == 0) return absl::OkStatus();
  const absl::Duration time = QueueTimeLocked(priority);
  if (waiting + demand.tokens > options_.max_queue_tokens) {
    const double excess = static_cast<double>(waiting + demand.tokens - options_.max_queue_tokens);
    const absl::Status full = Overloaded(absl::StrCat("the queue is full: ", waiting, " tokens wait, this needs ",
                                                      demand.tokens, ", the limit is ", options_.max_queue_tokens),
                                         time * (excess / static_cast<double>(waiting)));
    return WithLimit(full, "max_queue_tokens", options_.max_queue_tokens, waiting + demand.tokens);
  }
  if (time <= options_.max_queue_time) return absl::OkStatus();
  const absl::Status full =
      Overloaded(absl::StrFormat("the queue is full: the expected wait is %d ms, the limit is %d ms", Ms(time),
                                 Ms(options_.max_queue_time)),
                 time - options_.max_queue_time);
  return WithLimit(full, "max_queue_ms", static_cast<uint64_t>(Ms(options_.max_queue_time)),
                   static_cast<uint64_t>(Ms(time)));
}

absl::Status Admission::CheckAnswerLocked(uint64_t others_bytes, uint64_t bytes) const {
  if (others_bytes == 0 || bytes == 0 || others_bytes + bytes <= options_.max_answer_bytes) return absl::OkStatus();
  const absl::Status full =
      Overloaded(absl::StrCat("answers under way hold ", others_bytes, " bytes, this needs ", bytes, ", the limit is ",
                              options_.max_answer_bytes, "; fewer attention maps need less"),
                 QueueTimeLocked(Priority::kInteractive));
  return WithLimit(full, "max_answer_bytes", options_.max_answer_bytes, others_bytes + bytes);
}

absl::Status Admission::CheckDeadline(const Applicant& applicant, const Demand& demand,
                                      absl::Duration queue_time) const {
  if (applicant.deadline == absl::InfiniteFuture()) return absl::OkStatus();
  const absl::Duration needed = queue_time + speed_->TimeFor(demand.flops);
  const absl::Duration left = applicant.deadline - absl::Now();
  if (left <= absl::ZeroDuration()) {
    return base::WithReason(absl::DeadlineExceededError("the deadline has passed"), Reason::kExpired);
  }
  if (needed <= left) return absl::OkStatus();
  absl::Status status = absl::ResourceExhaustedError(
      absl::StrFormat("the deadline cannot be met: this would take about %d ms, %d ms are left", Ms(needed), Ms(left)));
  status = base::WithReason(std::move(status), Reason::kDeadlineUnmeetable);
  status = base::WithDetail(std::move(status), "estimate_ms", absl::StrCat(Ms(needed)));
  return base::WithRetryAfter(std::move(status), absl::ZeroDuration());
}

absl::Duration Admission::QueueTimeLocked(Priority priority) const {
  const double interactive = ledger_->loads[0].flops, bulk = ledger_->loads[1].flops;
  if (priority == Priority::kBulk) return speed_->TimeFor(interactive + bulk);
  return speed_->TimeFor(interactive + std::min(bulk, interactive * kBulkShare / (1 - kBulkShare)));
}

ClientLimits Admission::LimitsOf(const Applicant& applicant) const {
  ClientLimits limits = applicant.limits;
  if (limits.max_concurrent_requests == 0)
    limits.max_concurrent_requests = options_.client_limits.max_concurrent_requests;
  if (limits.tokens_per_second == 0) limits.tokens_per_second = options_.client_limits.tokens_per_second;
  return limits;
}

void Admission::CountRefusal(const absl::Status& status) const {
  if (absl::IsDeadlineExceeded(status)) return;
  const std::optional<Reason> reason = base::ReasonOf(status);
  std::string subject;
  for (const base::Detail& detail : base::DetailsOf(status)) {
    if (detail.key == "subject") subject = detail.value;
  }
  const telemetry::RejectionMetrics& rejected = metrics_->rejected;
  prometheus::Counter* counter = rejected.queue_full;
  if (subject == "max_queue_tokens") counter = rejected.tokens;
  if (subject == "max_answer_bytes") counter = rejected.memory;
  if (reason == Reason::kRequestTooLarge) counter = rejected.too_large;
  if (reason == Reason::kDeadlineUnmeetable) counter = rejected.deadline;
  if (reason == Reason::kClientLimit) counter = rejected.client_limit;
  counter->Increment();
}

}  // namespace limpid::schedule
