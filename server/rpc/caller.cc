#include "rpc/caller.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "rpc/status.h"

namespace limpid::rpc {
namespace {

constexpr size_t kMaxRequestIdBytes = 128;

std::string_view Metadata(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

bool IsUsableId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

std::string NewRequestId() {
  thread_local std::mt19937_64 random([] {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  }());
  return absl::StrFormat("%016x%016x", random(), random());
}

}  // namespace

Caller IdentifyCaller(const Environment&, const grpc::CallbackServerContext& context) {
  Caller caller;
  const std::string_view id = Metadata(context, kRequestIdKey);
  caller.request_id = IsUsableId(id) ? std::string(id) : NewRequestId();
  caller.peer = context.peer();
  caller.client = caller.peer.substr(0, caller.peer.rfind(':'));
  const std::string attempts(Metadata(context, "grpc-previous-rpc-attempts"));
  if (!absl::SimpleAtoi(attempts, &caller.previous_attempts)) caller.previous_attempts = 0;
  return caller;
}

explain::CallContext ContextOf(const Caller& caller, std::stop_token stop, absl::Time deadline,
                               std::shared_ptr<explain::Progress> progress) {
  return {.stop = std::move(stop),
          .deadline = deadline,
          .client = caller.client,
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
  const std::optional<int> pushback_ms = RetryPushbackMs(status);
  if (pushback_ms.has_value()) context->AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*pushback_ms));
}

}  // namespace limpid::rpc
