#include "rpc/health.h"

#include "limpid/v1/explain.grpc.pb.h"

namespace limpid::rpc {

void Health::Enable() { grpc::EnableDefaultHealthCheckService(true); }

Health::Health(grpc::HealthCheckServiceInterface* service, telemetry::Metrics* metrics)
    : service_(service), metrics_(metrics) {
  service_->SetServingStatus("liveness", true);
  SetReady(true);
}

void Health::Drain() {
  SetReady(false);
  metrics_->draining->Set(1);
}

void Health::SetReady(bool ready) {
  service_->SetServingStatus("", ready);
  service_->SetServingStatus(v1::Explainer::service_full_name(), ready);
  metrics_->ready->Set(ready ? 1 : 0);
}

}  // namespace limpid::rpc
