#include "rpc/health.h"

#include <utility>

#include "limpid/v1/explain.grpc.pb.h"
#include "open_inference/grpc_predict_v2.grpc.pb.h"

namespace limpid::rpc {

Health::Health(telemetry::Metrics* metrics) : metrics_(metrics) {}

void Health::Attach(std::vector<grpc::HealthCheckServiceInterface*> services) {
  absl::MutexLock lock(&mutex_);
  services_ = std::move(services);
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

bool Health::is_ready() const {
  absl::MutexLock lock(&mutex_);
  return IsReadyLocked();
}

bool Health::is_alive() const {
  absl::MutexLock lock(&mutex_);
  return is_alive_;
}

bool Health::IsReadyLocked() const { return started_ && is_right_ && is_alive_ && !draining_; }

void Health::ShowLocked() {
  const bool ready = IsReadyLocked();
  for (grpc::HealthCheckServiceInterface* service : services_) {
    service->SetServingStatus("", ready);
    service->SetServingStatus(v1::Explainer::service_full_name(), ready);
    service->SetServingStatus(inference::GRPCInferenceService::service_full_name(), ready);
    service->SetServingStatus("liveness", is_alive_);
  }
  metrics_->ready->Set(ready ? 1 : 0);
}

}  // namespace limpid::rpc
