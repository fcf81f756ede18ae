#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

// What a refusal or failure says beside its code and text. It rides in the status as payloads, so that every room can
// add to it and only the rpc room knows how it looks on the wire (google.rpc.ErrorInfo, RetryInfo).
namespace limpid::base {

enum class Reason {
  kModelNotFound,
  kMethodUnsupported,
  kFeatureDisabled,
  kRequestTooLarge,
  kOverloaded,
  kClientLimit,
  kDeadlineUnmeetable,
  kExpired,
  kStarting,
  kDraining,
  kDeviceLost,
  kOutOfDeviceMemory,
  kNonFinite,
  kInvariant,
};

// In order of the enum.
const std::vector<Reason>& AllReasons();

// As on the wire: "OVERLOADED".
std::string_view ReasonName(Reason reason);

absl::Status WithReason(absl::Status status, Reason reason);
std::optional<Reason> ReasonOf(const absl::Status& status);

// When another try makes sense; never negative.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

// One named value, such as the limit that was passed.
struct Detail {
  std::string key, value;
};
absl::Status WithDetail(absl::Status status, std::string_view key, std::string_view value);
// In order of the key.
std::vector<Detail> DetailsOf(const absl::Status& status);

// Another message; what rides along stays.
absl::Status WithMessage(const absl::Status& status, std::string_view message);

// `prefix` before the message; what rides along stays.
absl::Status Annotate(const absl::Status& status, std::string_view prefix);

}  // namespace limpid::base
