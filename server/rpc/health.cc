#include "rpc/health.h"

#include <utility>

#include "limpid/v1/explain.grpc.pb.h"

namespace limpid::rpc {

Health::Health(std::vector<grpc::HealthCheckServiceInterface*> services, telemetry::Metrics* metrics)
    : services_(std::move(services)), metrics_(metrics) {
  for (grpc::HealthCheckServiceInterface* service : services_) service->SetServingStatus("liveness", true);
  SetReady(true);
}

void Health::Drain() {
  SetReady(false);
  metrics_->draining->Set(1);
}

void Health::SetReady(bool ready) {
  for (grpc::HealthCheckServiceInterface* service : services_) {
    service->SetServingStatus("", ready);
    service->SetServingStatus(v1::Explainer::service_full_name(), ready);
  }
  metrics_->ready->Set(ready ? 1 : 0);
}

}  // namespace limpid::rpc
