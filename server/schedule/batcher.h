#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "schedule/speed.h"
#include "schedule/turns.h"
#include "schedule/waiting_group.h"

namespace limpid::schedule {

// Rows of one engine that run together.
struct Batch {
  std::shared_ptr<engine::Engine> engine;
  std::vector<RowTicket> tickets;
  size_t num_tokens = 0;
  uint64_t peak_bytes = 0;
};

// What waits, and in which order it runs: the policy, without threads and without a clock.
//
//  * Interactive batches go first, bulk batches when nothing interactive waits, and for an eighth of what interactive
//    batches took meanwhile. A batch holds rows of one priority, so that bulk rows do not make an interactive batch
//    long.
//  * Engines take turns, batch by batch. Within an engine clients take turns, within a client its calls, and within a
//    call its groups, by tokens (turns.h): a call with 2,000 rows, in one group or in many, delays a call of one row by
//    its own share only, and fills the batch when it is alone.
//  * While calls share the engine, and some seconds longer, none takes more than a quarter of a batch: a batch that is
//    full of one call's rows takes long, and whoever comes next waits for its end. Many calls fill a batch together,
//    and a call that is alone takes all of it.
//  * A row that would exceed the batch's tokens or memory stays first in line for the next batch. A row larger than a
//    whole batch goes alone, so every row runs.
//  * Rows of a group whose caller has gone, or that has ended, are never handed out if they are taken out first.
//
// Not thread-safe.
class Batcher {
 public:
  explicit Batcher(const SchedulerOptions& options) : options_(options) {}

  void Add(std::shared_ptr<WaitingGroup> group);

  // Takes out the groups for which nobody waits at `now`; the caller ends them.
  std::vector<std::shared_ptr<WaitingGroup>> TakeGone(absl::Time now, const Speed& speed);
  std::vector<std::shared_ptr<WaitingGroup>> TakeAll();
  // Takes out a group of which no row has been handed out; false if there is no such group.
  bool TakeUnstarted(const WaitingGroup& group);

  // No tickets when nothing waits. `now` never goes back.
  Batch NextBatch(absl::Time now);

  bool empty() const { return num_groups_ == 0; }
  // Of the rows not yet handed out.
  size_t num_tokens() const { return num_tokens_; }
  size_t num_rows() const { return num_rows_; }
  size_t num_groups() const { return num_groups_; }
  // When the group that has waited longest was queued; InfiniteFuture when nothing waits.
  absl::Time oldest();

 private:
  // A group's rows from `next_row` on.
  struct Rest {
    std::shared_ptr<WaitingGroup> group;
    size_t next_row = 0;
    absl::Time queued;

    bool empty() const { return group == nullptr || next_row == group->num_rows(); }
  };
  struct Call {
    uint64_t number;
    Turns<Rest> groups;

    bool empty() const { return groups.empty(); }
  };
  struct Client {
    std::string name;
    Turns<Call> calls;

    bool empty() const { return calls.empty(); }
  };
  // The rows of one engine.
  struct Lane {
    std::shared_ptr<engine::Engine> engine;
    Turns<Client> clients;
  };
  using Lanes = std::deque<Lane>;

  std::vector<std::shared_ptr<WaitingGroup>> TakeIf(const std::function<bool(const Rest&)>& is_taken);
  void ForEachRest(const std::function<void(Rest&)>& visit);
  // The priority whose batch is due. Requires !empty().
  Priority NextPriority() const;
  void FillBatch(Lane* lane, absl::Time now, Batch* batch);
  // Notes whose rows a batch has, for the share that one call may take of the next.
  void NoteCalls(const Batch& batch, absl::Time now);
  bool Fits(const Batch& batch, const RowTicket& ticket) const;
  Lanes& lanes(Priority priority) { return lanes_[static_cast<size_t>(priority)]; }
  const Lanes& lanes(Priority priority) const { return lanes_[static_cast<size_t>(priority)]; }

  const SchedulerOptions options_;
  std::array<Lanes, kNumPriorities> lanes_;  // no lane is ever empty
  // Tokens that bulk rows have earned while interactive batches went first.
  size_t bulk_credit_ = 0;
  uint64_t last_call_ = 0;  // of the last batch
  absl::Time last_shared_ = absl::InfinitePast();
  size_t num_tokens_ = 0, num_rows_ = 0;
  size_t num_groups_ = 0;
};

}  // namespace limpid::schedule
