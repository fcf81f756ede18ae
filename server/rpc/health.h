#pragma once

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/health_check_service_interface.h"
#include "telemetry/metrics.h"

namespace limpid::rpc {

// grpc.health.v1 (Check and Watch), answered by gRPC's own health service. Two questions under three names:
//   "" and each service of the data port  ready: send requests here
//   "liveness"                            alive: do not restart this process
// Ready is a server that has started, answers its canaries right, is alive and does not drain. Starting and draining
// leave it alive, so that neither is restarted. Any other name is NOT_FOUND. Thread-safe.
class Health {
 public:
  // Alive and not ready from here on.
  explicit Health(telemetry::Metrics* metrics);

  // `services` are the listeners', and outlive this. They say the same from here on. Once.
  void Attach(std::vector<grpc::HealthCheckServiceInterface*> services);

  void SetStarted();
  // Whether what is computed is right; right at first.
  void SetRight(bool is_right);
  void SetAlive(bool is_alive);
  void Drain();

  bool is_ready() const;
  bool is_alive() const;

 private:
  bool IsReadyLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ShowLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  telemetry::Metrics* const metrics_;
  mutable absl::Mutex mutex_;
  std::vector<grpc::HealthCheckServiceInterface*> services_ ABSL_GUARDED_BY(mutex_);
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_right_ ABSL_GUARDED_BY(mutex_) = true;
  bool is_alive_ ABSL_GUARDED_BY(mutex_) = true;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace limpid::rpc
