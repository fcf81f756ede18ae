#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "config.h"
#include "explain/explainer.h"
#include "lifecycle/canary_watch.h"
#include "lifecycle/model_host.h"
#include "lifecycle/watchdog.h"
#include "playground/playground.h"
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
  // Listens, alive but not ready, and begins to load the models; once they have been warmed up and have shown that they
  // compute what they should, the server is ready. The status names what is wrong with which flag. `on_failure` is
  // called at most once, from the loading thread, when start_failure() has become an error.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Config& config, std::function<void()> on_failure);
  // Cancels what is left, if Drain was not called.
  ~Server();

  // Ends a start, takes no new requests, finishes those under way within Config::drain_time. Once.
  void Drain();

  // Why the server could not become ready, naming flag and file. Thread-safe.
  absl::Status start_failure() const;

 private:
  explicit Server(const Config& config);

  absl::Status ServeMetrics();
  absl::Status Listen();
  absl::Status ServePlayground();
  void Watch();
  // The models have been loaded, or not.
  void FinishStart(absl::Status status, const std::function<void()>& on_failure);
  absl::Status Serve();
  std::string Address() const;
  void LogLimits();

  const Config config_;
  telemetry::Log log_;
  telemetry::Metrics metrics_;
  const absl::Time start_ = absl::Now();
  mutable absl::Mutex mutex_;
  absl::Status start_failure_ ABSL_GUARDED_BY(mutex_);
  explain::ModelRegistry models_;
  // The scheduler first: what its last callbacks post is run by the pool.
  std::unique_ptr<base::WorkerPool> pool_;
  schedule::Speed speed_;
  std::unique_ptr<schedule::Admission> admission_;
  std::unique_ptr<base::Timer> timer_;
  std::unique_ptr<schedule::ComputeWorker> scheduler_;
  std::unique_ptr<telemetry::MetricsEndpoint> metrics_endpoint_;
  std::unique_ptr<explain::Explainer> explainer_;
  std::unique_ptr<rpc::Security> security_;
  std::unique_ptr<rpc::RpcServer> rpc_server_;
  std::unique_ptr<playground::Playground> playground_;
  std::unique_ptr<lifecycle::ModelHost> host_;  // opens the rpc server
  std::unique_ptr<lifecycle::Watchdog> watchdog_;
  std::unique_ptr<lifecycle::CanaryWatch> canary_watch_;
};

}  // namespace limpid
