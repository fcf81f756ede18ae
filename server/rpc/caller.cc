#include "rpc/caller.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "rpc/authenticator.h"
#include "rpc/environment.h"
#include "rpc/random_id.h"
#include "rpc/status.h"

namespace limpid::rpc {
namespace {

constexpr size_t kMaxRequestIdBytes = 128;
// The same for every cause: what is wrong with a token is nobody's business who has none.
constexpr char kTokenNeeded[] = "a valid token is needed in the metadata, as in: authorization: Bearer TOKEN";

std::string_view Metadata(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

bool IsUsableId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// Of a client certificate that TLS has verified: its common name, else its first alternative name.
std::string CertificateName(const grpc::CallbackServerContext& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return "";
  for (const char* property : {GRPC_X509_CN_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME}) {
    const std::vector<grpc::string_ref> values = auth->FindPropertyValues(property);
    if (!values.empty() && !values.front().empty()) return {values.front().data(), values.front().size()};
  }
  return "";
}

std::optional<TraceContext> Trace(const grpc::CallbackServerContext& context) {
  // Two of them would contradict each other.
  if (context.client_metadata().count(kTraceparentKey) != 1) return std::nullopt;
  return ParseTraceparent(Metadata(context, kTraceparentKey));
}

void Authenticate(const Authenticator* authenticator, const grpc::CallbackServerContext& context, Caller* caller) {
  const std::string address = caller->peer.substr(0, caller->peer.rfind(':'));
  if (authenticator == nullptr) {
    caller->client = address;
    return;
  }
  const std::string certificate_name = CertificateName(context);
  absl::StatusOr<Identity> identity = authenticator->Authenticate(
      {.authorization = Metadata(context, "authorization"), .certificate_name = certificate_name, .address = address},
      absl::Now());
  if (identity.ok()) {
    caller->client = std::move(identity->name);
    caller->limits = identity->limits;
    return;
  }
  caller->authentication = absl::UnauthenticatedError(kTokenNeeded);
  caller->authentication_error = std::string(identity.status().message());
}

}  // namespace

Caller IdentifyCaller(const Environment& environment, const grpc::CallbackServerContext& context) {
  static std::atomic<uint64_t> num_calls = 0;
  Caller caller;
  caller.call = ++num_calls;
  const std::string_view id = Metadata(context, kRequestIdKey);
  caller.request_id = IsUsableId(id) ? std::string(id) : RandomId() + RandomId();
  caller.peer = context.peer();
  // Listener::Connect's, of which gRPC knows no more than a descriptor.
  if (absl::StartsWith(caller.peer, "fd:")) caller.peer = "in-process";
  Authenticate(environment.authenticator, context, &caller);
  caller.trace = Trace(context);
  const std::string attempts(Metadata(context, "grpc-previous-rpc-attempts"));
  if (!absl::SimpleAtoi(attempts, &caller.previous_attempts)) caller.previous_attempts = 0;
  return caller;
}

explain::CallContext ContextOf(const Caller& caller, std::stop_token stop, absl::Time deadline,
                               std::shared_ptr<explain::Progress> progress) {
  return {.stop = std::move(stop),
          .deadline = deadline,
          .client = caller.client,
          .call = caller.call,
          .limits = caller.limits,
          .progress = std::move(progress)};
}

absl::Time RequestDeadline(const grpc::CallbackServerContext& context, absl::Duration max_request_time) {
  const absl::Time latest = absl::Now() + max_request_time;
  const std::chrono::system_clock::time_point deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return latest;
  return std::min(latest, absl::FromChrono(deadline));
}

void AddTrailers(const Caller& caller, const absl::Status& status, grpc::CallbackServerContext* context) {
  context->AddTrailingMetadata(kRequestIdKey, caller.request_id);
  if (caller.trace.has_value()) context->AddTrailingMetadata(kTraceparentKey, FormatTraceparent(*caller.trace));
  const std::optional<int> pushback_ms = RetryPushbackMs(status);
  if (pushback_ms.has_value()) context->AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*pushback_ms));
}

}  // namespace limpid::rpc
