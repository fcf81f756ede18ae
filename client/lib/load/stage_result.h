#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "lib/load/histogram.h"
#include "lib/load/stage.h"

namespace limpid::client {

// Calls counted together. Latencies count from when a call was due.
struct CallCounts {
  Histogram answered;                            // latencies of calls that succeeded
  std::map<absl::StatusCode, Histogram> failed;  // of the others, by code

  uint64_t num_failed() const;
  uint64_t num_calls() const { return answered.count() + num_failed(); }
  // A call that failed never gave its answer: infinite if so many failed that the quantile of all calls is one of them.
  absl::Duration QuantileOfAll(double fraction) const;
};

// What a stage's calls cost.
struct StageResult {
  Stage stage;
  absl::Duration wall_time;  // from the first call's due time to the last answer
  CallCounts all;
  // The parts of a load that has several.
  std::map<std::string, CallCounts> by_server, by_label;
  Histogram server_overheads;  // of the calls that succeeded: the server's time that was not spent in the model
  Histogram send_delays;       // of an open loop: how long after its due time each call was begun
  uint64_t tokens = 0;
  uint64_t attention_bytes = 0;
  double client_cpu_seconds = 0;
  absl::Status first_failure;

  double answers_per_second() const;
};

}  // namespace limpid::client
