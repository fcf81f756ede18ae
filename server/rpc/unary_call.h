#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/call_meter.h"
#include "rpc/caller.h"
#include "rpc/environment.h"
#include "rpc/guard.h"
#include "rpc/request_record.h"
#include "rpc/status.h"
#include "rpc/wire.h"

namespace limpid::rpc {

// What gRPC and the service hand to a unary handler. `environment` and `metrics` outlive the call, `context` and
// `response` are gRPC's until OnDone, `request` is not looked at later.
struct UnaryArguments {
  const Environment& environment;
  telemetry::RpcMetrics* metrics;
  grpc::CallbackServerContext* context;
  const grpc::ByteBuffer& request;
  grpc::ByteBuffer* response;
};

// A unary RPC's way in (gate, bytes to message) and out (bytes, metrics, log line, trailers, one Finish). A call says
// in Begin what it does between them. Owns itself until gRPC is done with it.
template <typename Request, typename Response>
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(const char* rpc, const UnaryArguments& arguments)
      : environment_(arguments.environment),
        context_(arguments.context),
        record_(environment_, rpc, IdentifyCaller(environment_, *context_)),
        meter_(arguments.metrics, environment_.metrics->stage, record_.caller().previous_attempts),
        response_bytes_(arguments.response) {}

  // `self` is this call.
  void Start(std::shared_ptr<UnaryCall> self, const grpc::ByteBuffer& request) {
    self_ = std::move(self);
    absl::Status started;
    const absl::Status survived = Guarded([&] { started = TryStart(request); });
    if (!survived.ok() || !started.ok()) Conclude(survived.ok() ? started : survived);
  }

 protected:
  // Before anything of the request is read.
  virtual absl::Status Enter() {
    ABSL_ASSIGN_OR_RETURN(pass_, environment_.gate->Enter(record_.caller()));
    return absl::OkStatus();
  }

  // Returns at once, on one of gRPC's threads. After OK the call must come to Conclude, once, from any thread.
  virtual absl::Status Begin(const Request& request) = 0;

  // With OK `response_` is sent. The call may be gone when this returns.
  void Conclude(absl::Status status) {
    if (status.ok()) {
      const absl::Status survived = Guarded([&] { SendResponse(); });
      if (!survived.ok()) status = survived;
    }
    meter_.OnFinish(status);
    record_.Finish(status);
    AddTrailers(record_.caller(), status, context_);
    Finish(ToGrpcStatus(status));
  }

  std::shared_ptr<UnaryCall> self() const { return self_; }

  const Environment& environment_;
  grpc::CallbackServerContext* const context_;  // gRPC's; gone after OnDone
  RequestRecord record_;
  Response response_;

 private:
  absl::Status TryStart(const grpc::ByteBuffer& bytes) {
    meter_.OnRequest(bytes.Length());
    ABSL_RETURN_IF_ERROR(Enter());
    Request request;
    ABSL_RETURN_IF_ERROR(ParseMessage(bytes, &request));
    return Begin(request);
  }

  void SendResponse() {
    const absl::Time start = absl::Now();
    SerializeMessage(response_, response_bytes_);
    context_->AddInitialMetadata(kRequestIdKey, record_.caller().request_id);
    record_.AddMessage(response_bytes_->Length(), absl::Now() - start);
    meter_.OnWrite(response_bytes_->Length());
  }

  void OnDone() final {
    pass_.reset();
    std::exchange(self_, nullptr);
  }

  std::shared_ptr<UnaryCall> self_;
  std::optional<Gate::Pass> pass_;
  CallMeter meter_;
  grpc::ByteBuffer* const response_bytes_;  // gRPC's; gone after OnDone
};

// Begins a Call(arguments, given...).
template <typename Call, typename... Given>
grpc::ServerUnaryReactor* StartCall(const UnaryArguments& arguments, Given... given) {
  auto call = std::make_shared<Call>(arguments, given...);
  call->Start(call, arguments.request);
  return call.get();
}

}  // namespace limpid::rpc
