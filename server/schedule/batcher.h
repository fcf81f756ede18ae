#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "schedule/waiting_group.h"

namespace limpid::schedule {

// Rows of one engine that run together.
struct Batch {
  engine::Engine* engine = nullptr;  // the tickets' groups keep it alive
  std::vector<RowTicket> tickets;
  size_t num_tokens = 0;
};

// What waits, and in which order it runs: the policy, without threads and without a clock.
//
//  * Engines take turns, batch by batch. Within a batch the groups of the engine take turns, row by row: a group of
//    200 rows delays a group of one row by its own share only, and fills the batch when it is alone.
//  * A row that would exceed the token budget stays first in line for the next batch. A row longer than the budget
//    goes alone, so every row runs.
//  * Rows of a group whose caller has gone, or that has ended, are never handed out.
//
// Not thread-safe.
class Batcher {
 public:
  explicit Batcher(size_t max_batch_tokens) : max_batch_tokens_(max_batch_tokens) {}

  void Add(std::shared_ptr<WaitingGroup> group);

  // Takes out the groups for which nobody waits at `now`; the caller ends them.
  std::vector<std::shared_ptr<WaitingGroup>> TakeGone(absl::Time now);
  std::vector<std::shared_ptr<WaitingGroup>> TakeAll();

  // No tickets when nothing waits.
  Batch NextBatch();

  bool empty() const { return lanes_.empty(); }
  // Of the rows not yet handed out.
  size_t num_tokens() const { return num_tokens_; }
  size_t num_groups() const;

 private:
  struct Entry {
    std::shared_ptr<WaitingGroup> group;
    size_t next_row = 0;
  };
  // The groups of one engine in order of their turns. Never empty.
  struct Lane {
    engine::Engine* engine;  // the entries' groups keep it alive
    std::deque<Entry> entries;
  };

  std::vector<std::shared_ptr<WaitingGroup>> TakeIf(const std::function<bool(const WaitingGroup&)>& is_taken);
  void FillBatch(std::deque<Entry>* entries, Batch* batch);

  const size_t max_batch_tokens_;
  std::deque<Lane> lanes_;
  size_t num_tokens_ = 0;
};

}  // namespace limpid::schedule
