#pragma once

#include <span>

#include "schedule/batcher.h"

namespace limpid::schedule {

// Runs batches and brings their outcomes to the groups. For the compute thread alone.
//
// A batch that fails is run again row by row, so that the row at fault (too large for the memory left, a result that
// is not finite) fails alone.
class BatchRunner {
 public:
  void Run(const Batch& batch);

 private:
  absl::Status RunTogether(engine::Engine* engine, std::span<const RowTicket> tickets);
};

}  // namespace limpid::schedule
