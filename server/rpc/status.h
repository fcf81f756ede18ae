#pragma once

#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

// The one place where our statuses become the wire's.
namespace limpid::rpc {

// Longest status text: it travels in a header, whose size clients limit.
inline constexpr size_t kMaxStatusMessageBytes = 1024;

// Same code, and the message as PublicMessage says.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The message as a caller may see it: cut at kMaxStatusMessageBytes on a character's border. What a defect says of
// itself (INTERNAL, UNKNOWN) loses the folders of file system paths.
std::string PublicMessage(const absl::Status& status);

// Milliseconds for the grpc-retry-pushback-ms trailer: how long the caller should wait before it tries again.
// Negative: this status is not worth a retry and gets no trailer. With jitter, so that refused callers do not come
// back together.
int RetryPushbackMs(const absl::Status& status);

}  // namespace limpid::rpc
