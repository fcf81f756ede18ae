#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "schedule/client_account.h"
#include "schedule/scheduler.h"
#include "schedule/speed.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

struct AdmissionOptions {
  // Tokens that wait at most, and the time they may be expected to wait.
  size_t max_queue_tokens = 1 << 18;
  absl::Duration max_queue_time = absl::Seconds(5);
  // Answers held in memory at most, from admission until the last part has left.
  uint64_t max_answer_bytes = uint64_t{2} << 30;
  // Of one row's pass; a row over it is refused for good.
  uint64_t max_batch_bytes = uint64_t{4} << 30;
  // Of clients that have none of their own.
  ClientLimits client_limits = {};
};

// Who asks.
struct Applicant {
  std::string client = {};
  ClientLimits limits = {};  // where set, instead of AdmissionOptions::client_limits
  Priority priority = Priority::kInteractive;
  absl::Time deadline = absl::InfiniteFuture();
};

// What a request takes.
struct Demand {
  size_t tokens = 0;  // of all rows
  double flops = 0;
  uint64_t answer_bytes = 0;
  uint64_t peak_bytes = 0;  // of its largest row

  // With further rows.
  Demand& operator+=(const Demand& more) {
    tokens += more.tokens;
    flops += more.flops;
    answer_bytes += more.answer_bytes;
    peak_bytes = std::max(peak_bytes, more.peak_bytes);
    return *this;
  }
};

// What is held by all requests that were admitted.
struct Ledger {
  struct Load {
    size_t tokens = 0;
    double flops = 0;
  };

  explicit Ledger(const telemetry::Metrics& metrics)
      : registry(metrics.registry()), answer_bytes_gauge(metrics.answer_bytes) {}

  void Add(const Demand& demand, Priority priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Subtract(const Demand& demand, Priority priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  absl::Mutex mutex;
  std::array<Load, kNumPriorities> loads ABSL_GUARDED_BY(mutex);
  uint64_t answer_bytes ABSL_GUARDED_BY(mutex) = 0;
  ClientAccounts accounts ABSL_GUARDED_BY(mutex);

  const std::shared_ptr<prometheus::Registry> registry;  // owns the gauge
  prometheus::Gauge* const answer_bytes_gauge;
};

// Decides, for every RPC, whether a request is taken: by what waits, not by how many. Costs no more than a lock.
// Thread-safe.
//
// Refusals carry reason, details and the time after which another try makes sense:
//   RESOURCE_EXHAUSTED CLIENT_LIMIT         the client's own concurrency or rate
//   RESOURCE_EXHAUSTED OVERLOADED           tokens or time in the queue, or bytes of answers
//   RESOURCE_EXHAUSTED DEADLINE_UNMEETABLE  queue and compute are expected to outlast the deadline
//   INVALID_ARGUMENT   REQUEST_TOO_LARGE    a row that could never run
// Whatever is asked when nothing waits is taken, if it is not too large: everything admitted can run.
class Admission {
 public:
  // A request's place, given back in two steps: Computed as its rows are done, the rest on destruction, which is when
  // the answer has left. Thread-safe. May outlive the admission, as the last bytes of an answer in gRPC's hands do;
  // until then only the destructor may be called.
  class Permit {
   public:
    Permit(const Admission* admission, Applicant applicant, const Demand& demand);
    ~Permit();
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

    // The demand as it turned out to be. Refuses as Admit does, but for what waits in the queue: the request is in it
    // already.
    absl::Status Revise(const Demand& demand);
    // So much more waits: further rows of a request that is inside are never refused.
    void Grow(size_t tokens, double flops);
    // So much of the demand waits no more.
    void Computed(size_t tokens, double flops);
    // So much of the answer is not held any more.
    void Release(uint64_t answer_bytes);
    // All of the rest, too: nothing of this request will be computed any more.
    void ComputedAll();

   private:
    const Admission* const admission_;
    const std::shared_ptr<Ledger> ledger_;
    const Applicant applicant_;
    Demand held_;  // guarded by the ledger's mutex
  };

  // `speed` and `metrics` outlive this.
  Admission(const AdmissionOptions& options, const Speed* speed, telemetry::Metrics* metrics);

  absl::StatusOr<std::shared_ptr<Permit>> Admit(const Applicant& applicant, const Demand& demand);

  // What Admit would say now.
  absl::Status Check(const Applicant& applicant, const Demand& demand) const;

  // Expected wait of a request of this priority that is admitted now.
  absl::Duration QueueTime(Priority priority) const;

  // Expected time of the passes themselves.
  absl::Duration ComputeTime(const Demand& demand) const { return speed_->TimeFor(demand.flops); }

  const AdmissionOptions& options() const { return options_; }

 private:
  absl::Status CheckLocked(const Applicant& applicant, const Demand& demand) const;
  absl::Status CheckQueueLocked(Priority priority, const Demand& demand) const;
  absl::Status CheckAnswerLocked(uint64_t others_bytes, uint64_t bytes) const;
  absl::Status CheckDeadline(const Applicant& applicant, const Demand& demand, absl::Duration queue_time) const;
  absl::Duration QueueTimeLocked(Priority priority) const;
  absl::Status CheckSize(const Demand& demand) const;
  ClientLimits LimitsOf(const Applicant& applicant) const;
  void CountRefusal(const absl::Status& status) const;

  const AdmissionOptions options_;
  const Speed* const speed_;
  telemetry::Metrics* const metrics_;
  const std::shared_ptr<Ledger> ledger_;
};

}  // namespace limpid::schedule
