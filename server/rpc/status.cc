#include "rpc/status.h"

#include <algorithm>
#include <random>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace limpid::rpc {
namespace {

using base::Reason;

constexpr char kDomain[] = "limpid.v1";
constexpr int kNoRetry = -1;
constexpr int64_t kMaxPushbackMs = 60'000;
// Not 0: with a retry policy, grpcio 1.80 hangs on that past its deadline, and 1.85 waits for it.
constexpr int kAtOnceMs = 1;

bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Replaces absolute paths ("/a/b") by their last component. A single slash ("tokens/s", "/") is not a path.
std::string WithoutPaths(std::string_view message) {
  std::string cleaned;
  size_t i = 0;
  while (i < message.size()) {
    const bool starts_word = i == 0 || std::string_view(" \"'(=:").find(message[i - 1]) != std::string_view::npos;
    if (!starts_word || message[i] != '/') {
      cleaned += message[i++];
      continue;
    }
    const size_t end = std::min(message.find_first_of(" \"'),;:", i), message.size());
    const std::string_view word = message.substr(i, end - i);
    cleaned += word.rfind('/') == 0 ? word : word.substr(word.rfind('/') + 1);
    i = end;
  }
  return cleaned;
}

// "methods[0].saliency.reduction" of "methods[0].saliency.reduction: must be ...", the form of all our refusals of
// fields; empty if the message has another.
std::string FieldOf(std::string_view message) {
  const size_t colon = message.find(": ");
  if (colon == std::string_view::npos) return "";
  const std::string_view field = message.substr(0, colon);
  const bool is_path = std::all_of(field.begin(), field.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '[' || c == ']';
  });
  return is_path ? std::string(field) : "";
}

void AddErrorInfo(const absl::Status& status, Reason reason, google::rpc::Status* details) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(base::ReasonName(reason)));
  info.set_domain(kDomain);
  for (const base::Detail& detail : base::DetailsOf(status)) (*info.mutable_metadata())[detail.key] = detail.value;
  details->add_details()->PackFrom(info);
}

void AddQuotaFailure(const absl::Status& status, google::rpc::Status* details) {
  google::rpc::QuotaFailure quota;
  google::rpc::QuotaFailure::Violation* violation = quota.add_violations();
  for (const base::Detail& detail : base::DetailsOf(status)) {
    if (detail.key == "subject") violation->set_subject(detail.value);
  }
  violation->set_description(PublicMessage(status));
  details->add_details()->PackFrom(quota);
}

void AddDetails(const absl::Status& status, google::rpc::Status* details) {
  const std::optional<Reason> reason = base::ReasonOf(status);
  if (reason.has_value()) AddErrorInfo(status, *reason, details);
  if (reason == Reason::kOverloaded || reason == Reason::kClientLimit) AddQuotaFailure(status, details);
  if (const std::optional<absl::Duration> delay = base::RetryAfterOf(status); delay.has_value()) {
    google::rpc::RetryInfo retry;
    const int64_t ms = absl::ToInt64Milliseconds(*delay);
    retry.mutable_retry_delay()->set_seconds(ms / 1000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(ms % 1000) * 1'000'000);
    details->add_details()->PackFrom(retry);
  }
  const std::string field = FieldOf(details->message());
  if (!absl::IsInvalidArgument(status) || field.empty()) return;
  google::rpc::BadRequest bad;
  google::rpc::BadRequest::FieldViolation* violation = bad.add_field_violations();
  violation->set_field(field);
  violation->set_description(details->message().substr(field.size() + 2));
  details->add_details()->PackFrom(bad);
}

}  // namespace

std::string PublicMessage(const absl::Status& status) {
  std::string text(status.message());
  if (absl::IsInternal(status) || absl::IsUnknown(status)) text = WithoutPaths(text);
  if (text.size() <= kMaxStatusMessageBytes) return text;
  size_t end = kMaxStatusMessageBytes;
  while (end > 0 && IsContinuationByte(text[end])) --end;
  text.resize(end);
  return text;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(status.raw_code());
  details.set_message(PublicMessage(status));
  AddDetails(status, &details);
  // Sent as grpc-status-details-bin.
  const std::string encoded = details.details_size() > 0 ? details.SerializeAsString() : "";
  return {static_cast<grpc::StatusCode>(status.raw_code()), details.message(), encoded};
}

absl::Status Expired() {
  return base::WithReason(absl::DeadlineExceededError("the deadline came before the answer had left"),
                          Reason::kExpired);
}

absl::Status Stalled(absl::Duration limit) {
  const absl::Status status = absl::CancelledError(
      absl::StrCat("the reader took no message for ", absl::ToInt64Milliseconds(limit), " ms: the stream was cut"));
  return base::WithDetail(status, "cause", "slow_reader");
}

std::string ReasonOf(const absl::Status& status) {
  const std::optional<Reason> reason = base::ReasonOf(status);
  return reason.has_value() ? std::string(base::ReasonName(*reason)) : "";
}

absl::Status WithStage(const absl::Status& status, explain::Stage stage) {
  if (!absl::IsDeadlineExceeded(status) && !absl::IsCancelled(status)) return status;
  return base::WithDetail(status, "stage", StageName(stage));
}

std::string_view StageName(explain::Stage stage) {
  constexpr std::string_view kNames[] = {"admission", "tokenize", "queue", "compute", "fold", "write"};
  return kNames[static_cast<size_t>(stage)];
}

std::optional<int> RetryPushbackMs(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable) return kAtOnceMs;
  if (status.code() == absl::StatusCode::kInternal) return kNoRetry;
  if (status.code() != absl::StatusCode::kResourceExhausted) return std::nullopt;
  const std::optional<absl::Duration> delay = base::RetryAfterOf(status);
  if (!delay.has_value()) return kNoRetry;
  const auto ms = static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(*delay), kAtOnceMs, kMaxPushbackMs));
  thread_local std::minstd_rand random(std::random_device{}());
  return ms + static_cast<int>(random() % static_cast<unsigned>(ms / 2 + 1));
}

}  // namespace limpid::rpc
