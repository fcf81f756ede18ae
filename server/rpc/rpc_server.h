#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "explain/explainer.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/server_credentials.h"
#include "lifecycle/model_host.h"
#include "rpc/environment.h"
#include "rpc/gate.h"
#include "rpc/health.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace limpid::rpc {

class Authenticator;
class AdminService;
class Listener;
class OpenInferenceService;
class Service;

struct RpcServerOptions {
  std::string listen = "127.0.0.1:50051";  // HOST:PORT; port 0: a free one
  // A second, plaintext address with nothing but grpc.health.v1, for probes that cannot do TLS. Empty: none.
  std::string health_listen = {};
  std::string admin_listen = "";  // of limpid.v1.Admin; empty: nowhere
  bool reflection = true;
  ServerFacts facts = {};
  // Deadline of a request whose caller set none, or a later one.
  absl::Duration max_request_time = absl::Seconds(60);
  // Requests under way on one ExplainMany stream; beyond it the stream is not read.
  size_t max_requests_per_stream = 64;
  // How long a reader may take for one message before its stream is cut.
  absl::Duration stall_time = absl::Seconds(30);
  // How long new requests are still taken after readiness has ended, so that load balancers notice.
  absl::Duration drain_notice = absl::ZeroDuration();
};

// What the calls work with. All of it outlives the server.
struct RpcServerParts {
  explain::Explainer* explainer = nullptr;
  base::WorkerPool* pool = nullptr;
  base::Timer* timer = nullptr;
  telemetry::Metrics* metrics = nullptr;
  telemetry::Log* log = nullptr;
  const Authenticator* authenticator = nullptr;                    // null: callers are whom their address says
  std::shared_ptr<grpc::ServerCredentials> credentials = nullptr;  // null: plaintext
  lifecycle::ModelHost* host = nullptr;                            // for RpcServerOptions::admin_listen only
};

// The listening gRPC server: limpid.v1.Explainer, inference.GRPCInferenceService, health and, if wanted, reflection; on
// an address of its own, if that is wanted, limpid.v1.Admin with health and reflection beside it. Drain and the
// destructor belong to one thread, and to none of gRPC's or the pool's.
class RpcServer {
 public:
  // Listens, is alive and not ready: requests are refused with UNAVAILABLE until Open. UNAVAILABLE naming the address
  // if that cannot be had.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options, const RpcServerParts& parts);

  // Drains without patience if Drain was not called.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // The ports that are bound; 0 of those that are not wanted.
  int port() const;
  int health_port() const;
  int admin_port() const;

  // A connection to the service from within this process: who calls is known by his token or else as "in-process". For
  // a call and not for long; null if there are no descriptors left. Thread-safe, like the next three.
  std::shared_ptr<grpc::Channel> Connect();

  // The models are there: ready from here on, unless Drain came first.
  void Open();
  // Whether the models answer right; right at first.
  void SetRight(bool is_right);
  // Whether the device works; it does at first.
  void SetAlive(bool is_alive);

  // Ends readiness, refuses new requests with UNAVAILABLE, lets those under way finish until `deadline` and cancels the
  // rest. When this returns no call and no session of a call is left. False if some had to be cancelled.
  bool Drain(absl::Time deadline);

 private:
  RpcServer(const RpcServerOptions& options, const RpcServerParts& parts);
  absl::Status Listen(const RpcServerOptions& options, const RpcServerParts& parts);

  const absl::Duration drain_notice_;
  Gate gate_;
  Health health_;
  const Environment environment_;
  const std::unique_ptr<Service> service_;
  const std::unique_ptr<OpenInferenceService> open_inference_service_;
  const std::unique_ptr<AdminService> admin_service_;  // null: not wanted
  bool is_drained_ = false;
  std::unique_ptr<Listener> listener_, health_listener_, admin_listener_;
};

}  // namespace limpid::rpc
