#pragma once

#include <cstddef>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "rpc/caller.h"
#include "telemetry/metrics.h"

namespace limpid::rpc {

// Where every request enters and leaves: closed while the server starts, open, and closed again to drain, which then
// waits for those inside. Thread-safe.
class Gate {
 public:
  // Held while a request is under way; gives its place back when destroyed. The gate outlives its passes.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Gate* gate_;
  };

  explicit Gate(telemetry::Metrics* metrics) : metrics_(metrics) {}

  // Why the caller is not known, if he is not; UNAVAILABLE before Open and after Close.
  absl::StatusOr<Pass> Enter(const Caller& caller);

  // Once.
  void Open();
  // For good, also before Open.
  void Close();
  bool is_open() const;

  // True when nobody is inside; false when `deadline` came first.
  bool WaitUntilEmpty(absl::Time deadline);

 private:
  void Leave();

  telemetry::Metrics* const metrics_;
  mutable absl::Mutex mutex_;
  enum class State { kStarting, kOpen, kClosed } state_ ABSL_GUARDED_BY(mutex_) = State::kStarting;
  size_t num_inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace limpid::rpc
