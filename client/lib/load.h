#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/explain_client.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What a number of calls cost.
struct LoadResult {
  absl::Duration wall_time;
  std::vector<absl::Duration> latencies;  // of the calls that succeeded, ascending
  uint64_t tokens = 0;
  uint64_t attention_bytes = 0;
  size_t num_failed = 0;
  absl::Status first_failure;

  // The smallest latency that at least `fraction` (0 to 1) of the calls kept within; zero without calls.
  absl::Duration Quantile(double fraction) const;
};

// Makes all calls, `streams` of them under way at any time as long as there are more, and gathers every answer.
LoadResult RunLoad(const ExplainClient& client, std::span<const v1::ExplainRequest> requests, size_t streams);

}  // namespace limpid::client
