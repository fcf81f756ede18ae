#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"

namespace limpid::rpc {

struct ListenerOptions {
  std::string address;                                             // HOST:PORT; port 0: a free one
  std::shared_ptr<grpc::ServerCredentials> credentials = nullptr;  // null: plaintext
  bool reflection = false;
  std::vector<grpc::Service*> services = {};  // beside grpc.health.v1; they outlive the listener
};

// One address and what is served there, with the limits that every connection has.
class Listener {
 public:
  // Serves at once. UNAVAILABLE naming the address if that cannot be had.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(const ListenerOptions& options);

  // Cancels at `cancel_at` what is under way, and returns when nothing is left. Once; not from one of gRPC's threads.
  void Shutdown(absl::Time cancel_at);

  // The port that is bound.
  int port() const { return port_; }
  // A connection from within this process, past the address and its credentials. It has the limits of all others, their
  // age too, so that it is for a call and not for long. Null if the process has no descriptors left.
  std::shared_ptr<grpc::Channel> Connect();
  // Where the statuses are set.
  grpc::HealthCheckServiceInterface* health() const { return server_->GetHealthCheckService(); }

 private:
  Listener() = default;

  int port_ = 0;
  grpc::CallbackGenericService unimplemented_;  // gRPC wants a service other than health
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace limpid::rpc
