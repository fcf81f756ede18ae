#pragma once

#include <vector>

#include "grpcpp/health_check_service_interface.h"
#include "telemetry/metrics.h"

namespace limpid::rpc {

// grpc.health.v1 (Check and Watch), answered by gRPC's own health service. Two questions under three names:
//   ""  and "limpid.v1.Explainer"  ready: send requests here
//   "liveness"                     alive: do not restart this process
// Draining ends readiness only, so that a draining server is not restarted. Any other name is NOT_FOUND. Thread-safe.
class Health {
 public:
  // `services` are the listeners', say the same, and outlive this. Alive and ready from here on.
  Health(std::vector<grpc::HealthCheckServiceInterface*> services, telemetry::Metrics* metrics);

  void Drain();

 private:
  void SetReady(bool ready);

  const std::vector<grpc::HealthCheckServiceInterface*> services_;
  telemetry::Metrics* const metrics_;
};

}  // namespace limpid::rpc
