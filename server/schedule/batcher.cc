#include "schedule/batcher.h"

#include <algorithm>
#include <utility>

namespace limpid::schedule {
namespace {

// Tokens of interactive batches for which one token of a bulk batch is due.
constexpr size_t kInteractivePerBulk = 8;

size_t TokensFrom(const WaitingGroup& group, size_t next_row) {
  size_t tokens = 0;
  for (size_t i = next_row; i < group.num_rows(); ++i) tokens += group.row(i).token_ids.size();
  return tokens;
}

}  // namespace

void Batcher::Add(std::shared_ptr<WaitingGroup> group) {
  num_tokens_ += TokensFrom(*group, 0);
  ++num_groups_;
  const RowGroup& rows = group->group();
  Lanes& all = lanes(rows.priority);
  auto lane = std::find_if(all.begin(), all.end(), [&](const Lane& l) { return l.engine == rows.engine; });
  if (lane == all.end()) lane = all.insert(lane, {rows.engine, {}});
  Client* client = lane->clients.Find([&](const Client& c) { return c.name == rows.client; });
  Rest rest = {.group = group, .next_row = 0, .queued = group->queued()};
  if (client != nullptr) return client->groups.Add(std::move(rest));
  Client added{.name = rows.client, .groups = {}};
  added.groups.Add(std::move(rest));
  lane->clients.Add(std::move(added));
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
      lane.clients.ForEach([&](Client& client) { client.groups.ForEach(visit); });
    }
    std::erase_if(all, [](const Lane& lane) { return lane.clients.empty(); });
  }
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeIf(const std::function<bool(const Rest&)>& is_taken) {
  std::vector<std::shared_ptr<WaitingGroup>> taken;
  ForEachRest([&](Rest& rest) {
    if (!is_taken(rest)) return;
    num_tokens_ -= TokensFrom(*rest.group, rest.next_row);
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

Batch Batcher::NextBatch() {
  Batch batch;
  if (empty()) return batch;
  const Priority priority = NextPriority();
  Lanes& all = lanes(priority);
  Lane lane = std::move(all.front());
  all.pop_front();
  batch.engine = lane.engine;
  FillBatch(&lane, &batch);
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
  return batch.num_tokens + ticket.row().token_ids.size() <= options_.max_batch_tokens &&
         batch.peak_bytes + ticket.cost().peak_bytes <= options_.max_batch_bytes;
}

void Batcher::FillBatch(Lane* lane, Batch* batch) {
  while (!lane->clients.empty()) {
    Client& client = lane->clients.Next();
    Rest& rest = client.groups.Next();
    RowTicket ticket = {rest.group, rest.next_row};
    if (!Fits(*batch, ticket)) return;
    const size_t tokens = ticket.row().token_ids.size();
    batch->num_tokens += tokens;
    batch->peak_bytes += ticket.cost().peak_bytes;
    batch->tickets.push_back(std::move(ticket));
    num_tokens_ -= tokens;
    ++rest.next_row;
    if (rest.empty()) --num_groups_;
    client.groups.Spend(tokens);
    lane->clients.Spend(tokens);
  }
}

}  // namespace limpid::schedule
