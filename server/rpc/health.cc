#include "rpc/health.h"

#include <utility>

#include "limpid/v1/explain.grpc.pb.h"

namespace limpid::rpc {

Health::Health(std::vector<grpc::HealthCheckServiceInterface*> services, telemetry::Metrics* metrics)
    : services_(std::move(services)), metrics_(metrics) {
  absl::MutexLock lock(&mutex_);
  ShowLocked();
}

void Health::SetStarted() {
  absl::MutexLock lock(&mutex_);
  started_ = true;
  ShowLocked();
}

void Health::SetRight(bool is_right) {
  absl::MutexLock lock(&mutex_);
  is_right_ = is_right;
  ShowLocked();
}

void Health::SetAlive(bool is_alive) {
  absl::MutexLock lock(&mutex_);
  is_alive_ = is_alive;
  ShowLocked();
}

void Health::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  ShowLocked();
  metrics_->draining->Set(1);
}

void Health::ShowLocked() {
  const bool ready = started_ && is_right_ && is_alive_ && !draining_;
  for (grpc::HealthCheckServiceInterface* service : services_) {
    service->SetServingStatus("", ready);
    service->SetServingStatus(v1::Explainer::service_full_name(), ready);
    service->SetServingStatus("liveness", is_alive_);
  }
  metrics_->ready->Set(ready ? 1 : 0);
}

}  // namespace limpid::rpc
