#include "base/reason.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace limpid::base {
namespace {

constexpr char kReasonKey[] = "limpid/reason";
constexpr char kRetryKey[] = "limpid/retry_after_ms";
constexpr std::string_view kDetailPrefix = "limpid/detail/";

constexpr std::array<std::string_view, 14> kNames = {
    "MODEL_NOT_FOUND", "METHOD_UNSUPPORTED",   "FEATURE_DISABLED", "REQUEST_TOO_LARGE", "OVERLOADED",
    "CLIENT_LIMIT",    "DEADLINE_UNMEETABLE",  "EXPIRED",          "STARTING",          "DRAINING",
    "DEVICE_LOST",     "OUT_OF_DEVICE_MEMORY", "NON_FINITE",       "INVARIANT"};
static_assert(kNames.size() == static_cast<size_t>(Reason::kInvariant) + 1);

std::optional<std::string> Payload(const absl::Status& status, const char* key) {
  const absl::optional<absl::Cord> payload = status.GetPayload(key);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

absl::Status With(absl::Status status, const std::string& key, std::string_view value) {
  status.SetPayload(key, absl::Cord(absl::string_view(value.data(), value.size())));
  return status;
}

}  // namespace

const std::vector<Reason>& AllReasons() {
  static const auto& reasons = *new std::vector<Reason>([] {
    std::vector<Reason> all;
    for (size_t i = 0; i < kNames.size(); ++i) all.push_back(static_cast<Reason>(i));
    return all;
  }());
  return reasons;
}

std::string_view ReasonName(Reason reason) { return kNames.at(static_cast<size_t>(reason)); }

absl::Status WithReason(absl::Status status, Reason reason) {
  return With(std::move(status), kReasonKey, ReasonName(reason));
}

std::optional<Reason> ReasonOf(const absl::Status& status) {
  const std::optional<std::string> name = Payload(status, kReasonKey);
  const auto found = name.has_value() ? std::find(kNames.begin(), kNames.end(), *name) : kNames.end();
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Reason>(found - kNames.begin());
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  const int64_t ms = absl::ToInt64Milliseconds(std::max(delay, absl::ZeroDuration()));
  return With(std::move(status), kRetryKey, absl::StrCat(ms));
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const std::optional<std::string> text = Payload(status, kRetryKey);
  int64_t ms = 0;
  if (!text.has_value() || !absl::SimpleAtoi(*text, &ms)) return std::nullopt;
  return absl::Milliseconds(ms);
}

absl::Status WithDetail(absl::Status status, std::string_view key, std::string_view value) {
  return With(std::move(status), std::string(kDetailPrefix) + std::string(key), value);
}

std::vector<Detail> DetailsOf(const absl::Status& status) {
  std::vector<Detail> details;
  status.ForEachPayload([&](absl::string_view key, const absl::Cord& value) {
    const std::string_view name(key.data(), key.size());
    if (name.substr(0, kDetailPrefix.size()) != kDetailPrefix) return;
    details.push_back({std::string(name.substr(kDetailPrefix.size())), std::string(value)});
  });
  std::sort(details.begin(), details.end(), [](const Detail& a, const Detail& b) { return a.key < b.key; });
  return details;
}

absl::Status WithMessage(const absl::Status& status, std::string_view message) {
  absl::Status other(status.code(), absl::string_view(message.data(), message.size()));
  status.ForEachPayload([&](absl::string_view key, const absl::Cord& value) { other.SetPayload(key, value); });
  return other;
}

absl::Status Annotate(const absl::Status& status, std::string_view prefix) {
  return WithMessage(status, absl::StrCat(absl::string_view(prefix.data(), prefix.size()), status.message()));
}

}  // namespace limpid::base
