#pragma once

#include <atomic>
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

  // From any thread.
  bool device_lost() const { return device_lost_; }

 private:
  absl::Status RunTogether(engine::Engine* engine, std::span<const RowTicket> tickets);

  std::atomic<bool> device_lost_ = false;
};

}  // namespace limpid::schedule
