#include "rpc/rpc_server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "rpc/admin_service.h"
#include "rpc/listener.h"
#include "rpc/open_inference/service.h"
#include "rpc/service.h"

namespace limpid::rpc {
namespace {

// Of the streams that have nothing to finish (a health watch, an idle ExplainMany) once all requests are answered; also
// time for the last bytes of the others.
constexpr absl::Duration kIdleStreamGrace = absl::Milliseconds(500);

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                            const RpcServerParts& parts) {
  std::unique_ptr<RpcServer> server(new RpcServer(options, parts));
  ABSL_RETURN_IF_ERROR(server->Listen(options, parts));
  return server;
}

RpcServer::RpcServer(const RpcServerOptions& options, const RpcServerParts& parts)
    : drain_notice_(options.drain_notice),
      gate_(parts.metrics),
      health_(parts.metrics),
      environment_{.explainer = parts.explainer,
                   .pool = parts.pool,
                   .metrics = parts.metrics,
                   .log = parts.log,
                   .timer = parts.timer,
                   .gate = &gate_,
                   .health = &health_,
                   .authenticator = parts.authenticator,
                   .facts = options.facts,
                   .max_request_time = options.max_request_time,
                   .max_requests_per_stream = options.max_requests_per_stream,
                   .stall_time = options.stall_time},
      service_(std::make_unique<Service>(environment_)),
      open_inference_service_(std::make_unique<OpenInferenceService>(environment_)),
      admin_service_(options.admin_listen.empty() ? nullptr
                                                  : std::make_unique<AdminService>(environment_, parts.host)) {}

absl::Status RpcServer::Listen(const RpcServerOptions& options, const RpcServerParts& parts) {
  if (!options.health_listen.empty()) {
    ABSL_ASSIGN_OR_RETURN(health_listener_, Listener::Start({.address = options.health_listen}));
  }
  ABSL_ASSIGN_OR_RETURN(listener_, Listener::Start({.address = options.listen,
                                                    .credentials = parts.credentials,
                                                    .reflection = options.reflection,
                                                    .services = {service_.get(), open_inference_service_.get()}}));
  std::vector<grpc::HealthCheckServiceInterface*> statuses = {listener_->health()};
  if (admin_service_ != nullptr) {
    ABSL_ASSIGN_OR_RETURN(admin_listener_, Listener::Start({.address = options.admin_listen,
                                                            .credentials = parts.credentials,
                                                            .reflection = options.reflection,
                                                            .services = {admin_service_.get()}}));
    statuses.push_back(admin_listener_->health());
  }
  if (health_listener_ != nullptr) statuses.push_back(health_listener_->health());
  health_.Attach(std::move(statuses));
  return absl::OkStatus();
}

int RpcServer::port() const { return listener_->port(); }

int RpcServer::admin_port() const { return admin_listener_ == nullptr ? 0 : admin_listener_->port(); }

int RpcServer::health_port() const { return health_listener_ == nullptr ? 0 : health_listener_->port(); }

std::shared_ptr<grpc::Channel> RpcServer::Connect() { return listener_->Connect(); }

RpcServer::~RpcServer() { Drain(absl::InfinitePast()); }

void RpcServer::Open() {
  gate_.Open();
  health_.SetStarted();
}

void RpcServer::SetRight(bool is_right) { health_.SetRight(is_right); }

void RpcServer::SetAlive(bool is_alive) { health_.SetAlive(is_alive); }

bool RpcServer::Drain(absl::Time deadline) {
  if (listener_ == nullptr || std::exchange(is_drained_, true)) return true;
  health_.Drain();
  // Who starts is not sent requests yet.
  if (gate_.is_open()) absl::SleepFor(std::min(drain_notice_, deadline - absl::Now()));
  gate_.Close();
  const bool all_finished = gate_.WaitUntilEmpty(deadline);
  const absl::Time now = absl::Now(), cancel_at = std::clamp(deadline, now, now + kIdleStreamGrace);
  listener_->Shutdown(cancel_at);
  if (admin_listener_ != nullptr) admin_listener_->Shutdown(std::max(cancel_at, absl::Now()));
  // Sessions whose stream was cancelled may still be in a batch.
  gate_.WaitUntilEmpty(absl::InfiniteFuture());
  if (health_listener_ != nullptr) health_listener_->Shutdown(absl::Now());
  return all_finished;
}

}  // namespace limpid::rpc
