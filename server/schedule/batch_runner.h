#pragma once

#include <span>

#include "schedule/batcher.h"
#include "schedule/speed.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

// Runs batches and brings their outcomes to the groups. For the compute thread alone.
//
// A batch that fails is run again row by row, so that the row at fault (too large for the memory left, a result that
// is not finite) fails alone.
class BatchRunner {
 public:
  // What it runs is recorded in `speed` and, if not null, in `metrics`; both outlive this.
  BatchRunner(size_t max_batch_tokens, Speed* speed, telemetry::Metrics* metrics)
      : max_batch_tokens_(max_batch_tokens), speed_(speed), metrics_(metrics) {}

  void Run(const Batch& batch);

 private:
  absl::Status RunTogether(engine::Engine* engine, std::span<const RowTicket> tickets);
  void Count(std::span<const RowTicket> tickets, absl::Duration duration);

  const size_t max_batch_tokens_;
  Speed* const speed_;
  telemetry::Metrics* const metrics_;
};

}  // namespace limpid::schedule
