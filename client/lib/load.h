#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/explain_client.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// Times of calls, ascending.
using Latencies = std::vector<absl::Duration>;

// The smallest latency that at least `fraction` (0 to 1) of the calls kept within; zero without calls.
absl::Duration Quantile(const Latencies& latencies, double fraction);

// What a number of calls cost.
struct LoadResult {
  absl::Duration wall_time;
  Latencies latencies;                           // of the calls that succeeded
  std::map<absl::StatusCode, Latencies> failed;  // of the others, by code
  uint64_t tokens = 0;
  uint64_t attention_bytes = 0;
  Latencies overheads;  // of the calls that succeeded: the server's time that was not spent in the model
  absl::Status first_failure;

  size_t num_failed() const;
};

struct LoadPlan {
  size_t streams = 32;  // calls under way at any time, as long as there are more
  // Calls a second, at random (Poisson) times that do not wait for answers; latencies count from those times, so that a
  // server that falls behind cannot hide it. `streams` must be enough for all that are under way. 0: as fast as the
  // answers come.
  double rate = 0;
  bool predicts = false;  // Predict of each request's input, in place of Explain
};

// Makes all calls and gathers every answer. `clients` share the calls; not empty.
LoadResult RunLoad(std::span<const ExplainClient> clients, std::span<const v1::ExplainRequest> requests,
                   const LoadPlan& plan);

}  // namespace limpid::client
