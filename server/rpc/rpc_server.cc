#include "rpc/rpc_server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "rpc/admin_service.h"
#include "rpc/health.h"
#include "rpc/service.h"

namespace limpid::rpc {
namespace {

// A request is a text and its options.
constexpr int kMaxReceiveBytes = 1 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;
// gRPC's own buffers; maps waiting for a slow reader are not among them.
constexpr size_t kTransportMemoryBytes = 256 << 20;
constexpr int kMaxStreamsPerConnection = 128;
// Of the streams that have nothing to finish (a health watch, an idle ExplainMany) once all requests are answered; also
// time for the last bytes of the others.
constexpr absl::Duration kIdleStreamGrace = absl::Milliseconds(500);

// Reflection for one server or not. The library alone would give it to every server of a process that links it.
class ReflectionOption final : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool is_on) : is_on_(is_on) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    using Reflection = grpc::reflection::ProtoServerReflectionPlugin;
    std::erase_if(*plugins, [](const auto& plugin) { return dynamic_cast<Reflection*>(plugin.get()) != nullptr; });
    if (is_on_) plugins->push_back(std::make_unique<Reflection>());
  }

 private:
  const bool is_on_;
};

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

void LimitConnections(grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(absl::Seconds(60)));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(absl::Seconds(20)));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Milliseconds(absl::Seconds(20)));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  // Clients reconnect now and then, which spreads them over replicas that came later. New calls move at once; a long
  // ExplainMany stream may stay for the grace.
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(absl::Minutes(10)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(absl::Hours(1)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(absl::Minutes(15)));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(absl::Seconds(10)));
  // Two servers on one port would share its traffic in silence.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->SetResourceQuota(grpc::ResourceQuota("limpid").Resize(kTransportMemoryBytes));
  builder->SetMaxReceiveMessageSize(kMaxReceiveBytes);
}

absl::StatusOr<std::unique_ptr<grpc::Server>> ListenOn(const std::string& address, grpc::Service* service,
                                                       bool reflection, int* port) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), port);
  builder.RegisterService(service);
  LimitConnections(&builder);
  builder.SetOption(std::make_unique<ReflectionOption>(reflection));
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server != nullptr) return server;
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address, ": is the address one of this machine's, and the port free?"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                            const RpcServerParts& parts) {
  std::unique_ptr<RpcServer> server(new RpcServer(options, parts));
  ABSL_RETURN_IF_ERROR(server->Listen(options));
  return server;
}

RpcServer::RpcServer(const RpcServerOptions& options, const RpcServerParts& parts)
    : drain_notice_(options.drain_notice),
      gate_(parts.metrics),
      environment_{.explainer = parts.explainer,
                   .pool = parts.pool,
                   .metrics = parts.metrics,
                   .log = parts.log,
                   .timer = parts.timer,
                   .gate = &gate_,
                   .max_request_time = options.max_request_time,
                   .max_requests_per_stream = options.max_requests_per_stream,
                   .stall_time = options.stall_time},
      service_(std::make_unique<Service>(environment_)),
      admin_service_(options.admin_listen.empty() ? nullptr
                                                  : std::make_unique<AdminService>(environment_, parts.host)) {}

absl::Status RpcServer::Listen(const RpcServerOptions& options) {
  Health::Enable();
  ABSL_ASSIGN_OR_RETURN(server_, ListenOn(options.listen, service_.get(), options.reflection, &port_));
  std::vector<grpc::HealthCheckServiceInterface*> health_services = {server_->GetHealthCheckService()};
  if (admin_service_ != nullptr) {
    ABSL_ASSIGN_OR_RETURN(admin_server_,
                          ListenOn(options.admin_listen, admin_service_.get(), options.reflection, &admin_port_));
    health_services.push_back(admin_server_->GetHealthCheckService());
  }
  health_ = std::make_unique<Health>(std::move(health_services), environment_.metrics);
  return absl::OkStatus();
}

RpcServer::~RpcServer() { Drain(absl::InfinitePast()); }

void RpcServer::Open() {
  gate_.Open();
  health_->SetStarted();
}

void RpcServer::SetRight(bool is_right) { health_->SetRight(is_right); }

void RpcServer::SetAlive(bool is_alive) { health_->SetAlive(is_alive); }

bool RpcServer::Drain(absl::Time deadline) {
  if (health_ == nullptr || std::exchange(is_drained_, true)) return true;
  health_->Drain();
  // Who starts is not sent requests yet.
  if (gate_.is_open()) absl::SleepFor(std::min(drain_notice_, deadline - absl::Now()));
  gate_.Close();
  const bool all_finished = gate_.WaitUntilEmpty(deadline);
  // gRPC takes a time before 1970 for "never".
  const absl::Time now = absl::Now(), cancel_at = std::clamp(deadline, now, now + kIdleStreamGrace);
  server_->Shutdown(absl::ToChronoTime(cancel_at));
  if (admin_server_ != nullptr) admin_server_->Shutdown(absl::ToChronoTime(std::max(cancel_at, absl::Now())));
  // Sessions whose stream was cancelled may still be in a batch.
  gate_.WaitUntilEmpty(absl::InfiniteFuture());
  return all_finished;
}

}  // namespace limpid::rpc
