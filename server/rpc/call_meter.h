#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "telemetry/metrics.h"

namespace limpid::rpc {

// The metrics of one call, whatever it carries. One thread at a time.
class CallMeter {
 public:
  CallMeter(telemetry::RpcMetrics* rpc, const telemetry::StageMetrics& stage, int previous_attempts);

  void OnRequest(uint64_t bytes);
  void OnWrite(uint64_t bytes);
  void OnWriteDone();
  void OnFinish(const absl::Status& status);

 private:
  telemetry::RpcMetrics* const rpc_;
  const telemetry::StageMetrics& stage_;
  const absl::Time start_;
  absl::Time write_start_;
  absl::Duration write_time_;
  uint64_t bytes_ = 0;
  bool has_written_ = false;
};

}  // namespace limpid::rpc
