#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "explain/explainer.h"
#include "grpcpp/support/status.h"

// The one place where our statuses become the wire's.
namespace limpid::rpc {

// Longest status text: it travels in a header, whose size clients limit.
inline constexpr size_t kMaxStatusMessageBytes = 1024;

// Same code, the message as PublicMessage says, and what rides in the status (base/reason.h) as google.rpc details:
// ErrorInfo, QuotaFailure, RetryInfo, and BadRequest where the message names a field.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The message as a caller may see it: cut at kMaxStatusMessageBytes on a character's border. What a defect says of
// itself (INTERNAL, UNKNOWN) loses the folders of file system paths.
std::string PublicMessage(const absl::Status& status);

// Why a call ends before its answer has left.
absl::Status Expired();
absl::Status Stalled(absl::Duration limit);

// The reason's name on the wire; empty if there is none.
std::string ReasonOf(const absl::Status& status);

// What was cut short says where.
absl::Status WithStage(const absl::Status& status, explain::Stage stage);
std::string_view StageName(explain::Stage stage);

// Milliseconds for the grpc-retry-pushback-ms trailer: how long the caller should wait before it tries again, with
// jitter, so that refused callers do not come back together. Negative: trying again is of no use. Nothing: no trailer,
// the status says enough.
std::optional<int> RetryPushbackMs(const absl::Status& status);

}  // namespace limpid::rpc
