#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "explain/explainer.h"
#include "grpcpp/server_context.h"
#include "rpc/trace_context.h"
#include "schedule/client_account.h"

namespace limpid::rpc {

struct Environment;

// Who calls.
struct Caller {
  // Of this process, from 1.
  uint64_t call = 0;
  // The name under which he is counted and limited (rpc/authenticator.h); empty if he may not call.
  std::string client;
  // OK, or what a caller hears who may not call.
  absl::Status authentication;
  // Why he may not, for the log.
  std::string authentication_error;
  schedule::ClientLimits limits;
  // x-request-id as sent, if it is 1 to 128 printable ASCII characters; else made here: 32 hex digits.
  std::string request_id;
  std::string peer;
  // If the caller sent a valid traceparent.
  std::optional<TraceContext> trace;
  // How often the client tried before (grpc-previous-rpc-attempts).
  int previous_attempts = 0;
};

Caller IdentifyCaller(const Environment& environment, const grpc::CallbackServerContext& context);

// What the explain room is told of a request of this caller.
explain::CallContext ContextOf(const Caller& caller, std::stop_token stop, absl::Time deadline,
                               std::shared_ptr<explain::Progress> progress);

// The earlier of the call's deadline and now + `max_request_time`.
absl::Time RequestDeadline(const grpc::CallbackServerContext& context, absl::Duration max_request_time);

// Adds x-request-id, our traceparent if the caller sent his, and, where a retry makes sense, grpc-retry-pushback-ms to
// the trailers. Initial metadata stays untouched: a refusal must go out as trailers only, else clients consider the
// call committed and do not retry.
void AddTrailers(const Caller& caller, const absl::Status& status, grpc::CallbackServerContext* context);

inline constexpr char kRequestIdKey[] = "x-request-id";

}  // namespace limpid::rpc
