#include "rpc/request_record.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/reason.h"
#include "explain/method.h"
#include "rpc/encode_attribution.h"
#include "rpc/status.h"

namespace limpid::rpc {
namespace {

// An error may repeat what the caller sent, which may be long.
constexpr size_t kMaxLoggedErrorBytes = 4096;

void ObserveMs(prometheus::Histogram* histogram, double ms) { histogram->Observe(ms / 1000); }

// A request of a stream is a span of its own.
Caller WithOwnSpan(Caller caller) {
  if (caller.trace.has_value()) caller.trace = ChildOf(*caller.trace);
  return caller;
}

void AddCaller(const Caller& caller, std::vector<telemetry::LogField>* fields) {
  if (!caller.client.empty()) fields->push_back({"client", caller.client});
  if (!caller.authentication_error.empty()) fields->push_back({"authentication", caller.authentication_error});
  if (!caller.trace.has_value()) return;
  fields->insert(fields->end(), {{"trace_id", caller.trace->trace_id},
                                 {"span_id", caller.trace->span_id},
                                 {"parent_span_id", caller.trace->parent_span_id}});
}

// Statuses that say something about the server rather than about the request or its caller.
bool IsServerFault(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status);
}

}  // namespace

RequestRecord::RequestRecord(const Environment& environment, const char* rpc, Caller caller, std::string item)
    : environment_(environment),
      rpc_(rpc),
      caller_(item.empty() ? std::move(caller) : WithOwnSpan(std::move(caller))),
      item_(std::move(item)),
      start_(absl::Now()) {}

void RequestRecord::SetRequest(const explain::ExplainRequest& request, const explain::Model& model) {
  absl::MutexLock lock(&mutex_);
  model_ = model.name;
  model_metrics_ = model.metrics;
  // A request with more methods than allowed is refused: its list could be as long as a message.
  if (request.methods.size() > environment_.explainer->limits().max_methods) return;
  for (const explain::MethodSpec& spec : request.methods) methods_.push_back(spec.name);
  explained_.assign(methods_.size(), false);
}

void RequestRecord::Observe(const explain::Event& event) {
  absl::MutexLock lock(&mutex_);
  if (const auto* attribution = std::get_if<explain::AttributionEvent>(&event)) {
    explained_.at(attribution->method_index) = true;
  } else if (const auto* summary = std::get_if<explain::SummaryEvent>(&event)) {
    summary_ = *summary;
  } else if (const auto* quality = std::get_if<explain::QualityEvent>(&event)) {
    CountQualityLocked(*quality);
  }
}

void RequestRecord::CountQualityLocked(const explain::QualityEvent& quality) {
  for (const explain::QualityValue& value : quality.values) {
    if (!value.random_value.has_value()) continue;
    environment_.metrics->CountQuality(model_, methods_.at(quality.method_index), MetricName(value.metric),
                                       value.beats_random);
  }
}

void RequestRecord::AddMessage(uint64_t bytes, absl::Duration serialize_time) {
  absl::MutexLock lock(&mutex_);
  if (bytes_ == 0) first_message_ = absl::Now();
  bytes_ += bytes;
  serialize_time_ += serialize_time;
}

void RequestRecord::Finish(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(finished_, true)) return;
  CountLocked(status);
  WriteLineLocked(status);
}

void RequestRecord::CountLocked(const absl::Status& status) {
  CountDropped(status);
  CountExplanationsLocked(status);
  if (!summary_.has_value()) return;
  const telemetry::StageMetrics& stage = environment_.metrics->stage;
  ObserveMs(stage.tokenize, summary_->tokenize_ms);
  ObserveMs(stage.queue, summary_->queue_ms);
  ObserveMs(stage.compute, summary_->compute_ms);
  stage.serialize->Observe(absl::ToDoubleSeconds(serialize_time_));
}

// Requests that ended before their answer did.
void RequestRecord::CountDropped(const absl::Status& status) const {
  const bool is_late = absl::IsDeadlineExceeded(status);
  if (!is_late && !absl::IsCancelled(status)) return;
  const std::vector<base::Detail> details = base::DetailsOf(status);
  const bool is_cut = std::any_of(details.begin(), details.end(), [](const auto& d) { return d.key == "cause"; });
  const telemetry::DropMetrics& dropped = environment_.metrics->dropped;
  const auto& counters = is_late ? dropped.deadline : is_cut ? dropped.slow_reader : dropped.cancelled;
  counters[static_cast<size_t>(stage())]->Increment();
}

void RequestRecord::CountExplanationsLocked(const absl::Status& status) {
  if (model_metrics_ == nullptr) return;
  for (size_t i = 0; i < methods_.size(); ++i) {
    const auto found = model_metrics_->explanations.find(methods_[i]);
    if (found == model_metrics_->explanations.end()) continue;
    if (explained_[i]) found->second.full->Increment();
    if (!explained_[i] && summary_.has_value() && summary_->partial) found->second.partial->Increment();
    if (!explained_[i] && IsServerFault(status)) found->second.failed->Increment();
  }
}

void RequestRecord::WriteLineLocked(const absl::Status& status) {
  const absl::Time now = absl::Now();
  std::vector<telemetry::LogField> fields = {{"request_id", caller_.request_id}, {"rpc", rpc_}, {"peer", caller_.peer}};
  AddCaller(caller_, &fields);
  if (!item_.empty()) fields.push_back({"item", item_});
  if (!model_.empty()) fields.push_back({"model", model_});
  if (!methods_.empty()) fields.push_back({"methods", absl::StrJoin(methods_, ",")});
  if (summary_.has_value()) {
    fields.insert(fields.end(), {{"tokens", int64_t{summary_->tokens}},
                                 {"rows", int64_t{summary_->rows_forward} + summary_->rows_backward},
                                 {"queue_ms", summary_->queue_ms},
                                 {"compute_ms", summary_->compute_ms}});
  }
  if (bytes_ > 0) {
    fields.insert(fields.end(), {{"stream_ms", absl::ToDoubleMilliseconds(now - first_message_)},
                                 {"bytes_out", static_cast<int64_t>(bytes_)}});
  }
  if (caller_.previous_attempts > 0) fields.push_back({"previous_attempts", int64_t{caller_.previous_attempts}});
  fields.push_back({"total_ms", absl::ToDoubleMilliseconds(now - start_)});
  fields.push_back({"status", absl::StatusCodeToString(status.code())});
  if (const std::string reason = ReasonOf(status); !reason.empty()) fields.push_back({"reason", reason});
  if (absl::IsDeadlineExceeded(status) || absl::IsCancelled(status)) {
    fields.push_back({"stage", std::string(StageName(stage()))});
  }
  if (!status.ok()) fields.push_back({"error", std::string(status.message().substr(0, kMaxLoggedErrorBytes))});
  environment_.log->Write(telemetry::LogLevel::kInfo, "request", fields);
}

}  // namespace limpid::rpc
