#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "explain/explainer.h"
#include "rpc/gate.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace limpid::rpc {

class Authenticator;
class Health;

// What the models' cards say of the process.
struct ServerFacts {
  std::string device = {};
  int num_threads = 0;
};

// What every call may use. All of it outlives all calls.
struct Environment {
  explain::Explainer* explainer = nullptr;
  base::WorkerPool* pool = nullptr;  // for work that must not run on gRPC's few threads
  telemetry::Metrics* metrics = nullptr;
  telemetry::Log* log = nullptr;
  base::Timer* timer = nullptr;
  Gate* gate = nullptr;
  const Health* health = nullptr;
  const Authenticator* authenticator = nullptr;  // null: callers are whom their address says

  ServerFacts facts;
  // Deadline of a request whose caller set none, or a later one.
  absl::Duration max_request_time = absl::Seconds(60);
  // Requests under way on one ExplainMany stream; beyond it the stream is not read.
  size_t max_requests_per_stream = 64;
  // How long a reader may take for one message before its stream is cut.
  absl::Duration stall_time = absl::Seconds(30);
};

}  // namespace limpid::rpc
