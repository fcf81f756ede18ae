#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lib/json.h"
#include "lib/load/slo.h"
#include "lib/load/stage_result.h"

namespace limpid::client {

struct MeasuredStage {
  StageResult result;
  std::vector<SloOutcome> slos;
};

// A load test from its first stage to its last.
struct LoadReport {
  std::string file;  // of the mix
  size_t num_lines = 0;
  std::vector<std::string> servers;
  absl::Time started_at;
  absl::Duration warmup;
  std::vector<MeasuredStage> stages;
  bool is_interrupted = false;  // its last stage may not be whole, and others may be missing
  std::optional<double> knee;   // if it was looked for: the highest rate whose conditions hold, 0 if none
};

// {"client_version", "started_at", "file", "lines", "servers", "warmup_seconds", "interrupted", "knee":
// {"rate"}, "stages": [{"streams", "rate", ..., "latency_ms": {"mean", "p50", ...}, "spectrum": [[fraction, ms], ...],
// "slo":
// [{"condition", "measured", "holds"}]}]}. Latencies are of the calls that were answered; "measured" is null for a call
// that never was.
Json LoadReportJson(const LoadReport& report);

}  // namespace limpid::client
