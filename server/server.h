#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "config.h"
#include "explain/explainer.h"
#include "rpc/rpc_server.h"
#include "rpc/security.h"
#include "schedule/admission.h"
#include "schedule/compute_worker.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/metrics_endpoint.h"

namespace limpid {

// The composition root: the only place that knows every room. Built bottom-up, so that members, destroyed in reverse,
// stop top-down: callers first, engines last.
class Server {
 public:
  // Loads the models and serves. The status names what is wrong with which flag or file.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Config& config);

  // Takes no new requests, finishes those under way within Config::drain_time. Once.
  void Drain();

 private:
  explicit Server(const Config& config);

  absl::Status LoadModels();
  absl::Status Listen();
  void LogLimits();

  const Config config_;
  telemetry::Log log_;
  telemetry::Metrics metrics_;
  explain::ModelRegistry models_;
  std::unique_ptr<telemetry::MetricsEndpoint> metrics_endpoint_;
  // The scheduler first: what its last callbacks post is run by the pool.
  std::unique_ptr<base::WorkerPool> pool_;
  schedule::Speed speed_;
  std::unique_ptr<schedule::Admission> admission_;
  std::unique_ptr<base::Timer> timer_;
  std::unique_ptr<schedule::ComputeWorker> scheduler_;
  std::unique_ptr<explain::Explainer> explainer_;
  std::unique_ptr<rpc::Security> security_;
  std::unique_ptr<rpc::RpcServer> rpc_server_;
};

}  // namespace limpid
