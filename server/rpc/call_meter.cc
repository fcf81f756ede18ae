#include "rpc/call_meter.h"

#include "absl/time/clock.h"

namespace limpid::rpc {

CallMeter::CallMeter(telemetry::RpcMetrics* rpc, const telemetry::StageMetrics& stage, int previous_attempts)
    : rpc_(rpc), stage_(stage), start_(absl::Now()) {
  rpc_->started->Increment();
  if (previous_attempts > 0) rpc_->retries_seen->Increment();
}

void CallMeter::OnRequest(uint64_t bytes) { rpc_->request_bytes->Observe(static_cast<double>(bytes)); }

void CallMeter::OnWrite(uint64_t bytes) {
  write_start_ = absl::Now();
  bytes_ += bytes;
  if (!has_written_) rpc_->time_to_first_message->Observe(absl::ToDoubleSeconds(write_start_ - start_));
  has_written_ = true;
}

void CallMeter::OnWriteDone() { write_time_ += absl::Now() - write_start_; }

void CallMeter::OnFinish(const absl::Status& status) {
  if (has_written_) rpc_->response_bytes->Observe(static_cast<double>(bytes_));
  // A unary call's write is part of its end, and gRPC's alone.
  if (write_time_ > absl::ZeroDuration()) stage_.write->Observe(absl::ToDoubleSeconds(write_time_));
  rpc_->Finished(status.code(), absl::Now() - start_);
}

}  // namespace limpid::rpc
