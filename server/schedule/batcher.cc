#include "schedule/batcher.h"

#include <algorithm>
#include <map>
#include <utility>

namespace limpid::schedule {
namespace {

// Tokens of interactive batches for which one token of a bulk batch is due.
constexpr size_t kInteractivePerBulk = 8;

// A call's share of a batch while others are there, and for how long after them: a caller who makes one request after
// the other is there between them.
constexpr size_t kCallsPerSharedBatch = 4;
constexpr absl::Duration kSharedFor = absl::Seconds(5);

size_t TokensFrom(const WaitingGroup& group, size_t next_row) {
  size_t tokens = 0;
  for (size_t i = next_row; i < group.num_rows(); ++i) tokens += group.row(i).num_computed_tokens();
  return tokens;
}

}  // namespace

void Batcher::Add(std::shared_ptr<WaitingGroup> group) {
  num_tokens_ += TokensFrom(*group, 0);
  num_rows_ += group->num_rows();
  ++num_groups_;
  const RowGroup& rows = group->group();
  Lanes& all = lanes(rows.priority);
  auto lane = std::find_if(all.begin(), all.end(), [&](const Lane& l) { return l.engine == rows.engine; });
  if (lane == all.end()) lane = all.insert(lane, {rows.engine, {}});
  Client& client = lane->clients.FindOrAdd([&](const Client& c) { return c.name == rows.client; },
                                           [&] { return Client{.name = rows.client, .calls = {}}; });
  Call& call = client.calls.FindOrAdd([&](const Call& c) { return c.number == rows.call; },
                                      [&] { return Call{.number = rows.call, .groups = {}}; });
  call.groups.Add({.group = group, .next_row = 0, .queued = group->queued()});
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeGone(absl::Time now, const Speed& speed) {
  return TakeIf([&](const Rest& rest) { return rest.group->ended() || !rest.group->CheckCaller(now, speed).ok(); });
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeAll() {
  return TakeIf([](const Rest&) { return true; });
}

bool Batcher::TakeUnstarted(const WaitingGroup& group) {
  return !TakeIf([&](const Rest& rest) { return rest.group.get() == &group && rest.next_row == 0; }).empty();
}

void Batcher::ForEachRest(const std::function<void(Rest&)>& visit) {
  for (Lanes& all : lanes_) {
    for (Lane& lane : all) {
      lane.clients.ForEach(
          [&](Client& client) { client.calls.ForEach([&](Call& call) { call.groups.ForEach(visit); }); });
    }
    std::erase_if(all, [](const Lane& lane) { return lane.clients.empty(); });
  }
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeIf(const std::function<bool(const Rest&)>& is_taken) {
  std::vector<std::shared_ptr<WaitingGroup>> taken;
  ForEachRest([&](Rest& rest) {
    if (!is_taken(rest)) return;
    num_tokens_ -= TokensFrom(*rest.group, rest.next_row);
    num_rows_ -= rest.group->num_rows() - rest.next_row;
    --num_groups_;
    taken.push_back(std::exchange(rest.group, nullptr));
  });
  return taken;
}

absl::Time Batcher::oldest() {
  absl::Time oldest = absl::InfiniteFuture();
  ForEachRest([&](Rest& rest) { oldest = std::min(oldest, rest.queued); });
  return oldest;
}

Priority Batcher::NextPriority() const {
  const bool has_bulk = !lanes(Priority::kBulk).empty();
  if (lanes(Priority::kInteractive).empty()) return Priority::kBulk;
  return has_bulk && bulk_credit_ >= options_.max_batch_tokens ? Priority::kBulk : Priority::kInteractive;
}

Batch Batcher::NextBatch(absl::Time now) {
  Batch batch;
  if (empty()) return batch;
  const Priority priority = NextPriority();
  Lanes& all = lanes(priority);
  Lane lane = std::move(all.front());
  all.pop_front();
  batch.engine = lane.engine;
  FillBatch(&lane, now, &batch);
  NoteCalls(batch, now);
  if (!lane.clients.empty()) all.push_back(std::move(lane));
  if (priority == Priority::kBulk) {
    bulk_credit_ -= std::min(bulk_credit_, batch.num_tokens);
  } else {
    bulk_credit_ = lanes(Priority::kBulk).empty() ? 0 : bulk_credit_ + batch.num_tokens / kInteractivePerBulk;
  }
  return batch;
}

bool Batcher::Fits(const Batch& batch, const RowTicket& ticket) const {
  if (batch.tickets.empty()) return true;
  return batch.num_tokens + ticket.row().num_computed_tokens() <= options_.max_batch_tokens &&
         batch.peak_bytes + ticket.cost().peak_bytes <= options_.max_batch_bytes;
}

void Batcher::NoteCalls(const Batch& batch, absl::Time now) {
  for (const RowTicket& ticket : batch.tickets) {
    const uint64_t call = ticket.group->group().call;
    if (last_call_ != 0 && call != last_call_) last_shared_ = now;
    last_call_ = call;
  }
}

void Batcher::FillBatch(Lane* lane, absl::Time now, Batch* batch) {
  const bool is_shared = now - last_shared_ < kSharedFor;
  const size_t most_of_one_call = options_.max_batch_tokens / (is_shared ? kCallsPerSharedBatch : 1);
  std::map<uint64_t, size_t> tokens_of_call;
  while (!lane->clients.empty()) {
    Client& client = lane->clients.Next();
    Call& call = client.calls.Next();
    Rest& rest = call.groups.Next();
    RowTicket ticket = {rest.group, rest.next_row};
    const size_t tokens = ticket.row().num_computed_tokens();
    size_t& of_call = tokens_of_call[call.number];
    // By turns: when one call has had its share, the others have had all they wanted or their shares.
    if (!Fits(*batch, ticket) || (of_call > 0 && of_call + tokens > most_of_one_call)) return;
    of_call += tokens;
    batch->num_tokens += tokens;
    batch->peak_bytes += ticket.cost().peak_bytes;
    batch->tickets.push_back(std::move(ticket));
    num_tokens_ -= tokens;
    --num_rows_;
    ++rest.next_row;
    if (rest.empty()) --num_groups_;
    call.groups.Spend(tokens);
    client.calls.Spend(tokens);
    lane->clients.Spend(tokens);
  }
}

}  // namespace limpid::schedule
