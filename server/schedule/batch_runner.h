#pragma once

#include <map>
#include <span>

#include "schedule/batcher.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

// Counters of each engine's model; an engine that is not named is not counted.
using EngineMetrics = std::map<const engine::Engine*, telemetry::ModelMetrics*>;

// Runs batches and brings their outcomes to the groups. For the compute thread alone.
//
// A batch that fails is run again row by row, so that the row at fault (too large for the memory left, a result that
// is not finite) fails alone.
class BatchRunner {
 public:
  explicit BatchRunner(EngineMetrics metrics) : metrics_(std::move(metrics)) {}

  void Run(const Batch& batch);

 private:
  absl::Status RunTogether(engine::Engine* engine, std::span<const RowTicket> tickets);
  void Count(const engine::Engine* engine, std::span<const RowTicket> tickets) const;

  const EngineMetrics metrics_;
};

}  // namespace limpid::schedule
