#include "schedule/batcher.h"

#include <algorithm>
#include <utility>

namespace limpid::schedule {
namespace {

size_t TokensFrom(const WaitingGroup& group, size_t next_row) {
  size_t tokens = 0;
  for (size_t i = next_row; i < group.group().rows.size(); ++i) tokens += group.row(i).token_ids.size();
  return tokens;
}

}  // namespace

void Batcher::Add(std::shared_ptr<WaitingGroup> group) {
  num_tokens_ += TokensFrom(*group, 0);
  engine::Engine* const engine = group->group().engine.get();
  auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& l) { return l.engine == engine; });
  if (lane == lanes_.end()) lane = lanes_.insert(lane, {engine, {}});
  lane->entries.push_back({std::move(group)});
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeGone(absl::Time now) {
  return TakeIf([now](const WaitingGroup& group) { return group.ended() || !group.CheckCaller(now).ok(); });
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeAll() {
  return TakeIf([](const WaitingGroup&) { return true; });
}

std::vector<std::shared_ptr<WaitingGroup>> Batcher::TakeIf(const std::function<bool(const WaitingGroup&)>& is_taken) {
  std::vector<std::shared_ptr<WaitingGroup>> taken;
  for (Lane& lane : lanes_) {
    std::erase_if(lane.entries, [&](Entry& entry) {
      if (!is_taken(*entry.group)) return false;
      num_tokens_ -= TokensFrom(*entry.group, entry.next_row);
      taken.push_back(std::move(entry.group));
      return true;
    });
  }
  std::erase_if(lanes_, [](const Lane& lane) { return lane.entries.empty(); });
  return taken;
}

Batch Batcher::NextBatch() {
  Batch batch;
  if (lanes_.empty()) return batch;
  Lane lane = std::move(lanes_.front());
  lanes_.pop_front();
  batch.engine = lane.engine;
  FillBatch(&lane.entries, &batch);
  if (!lane.entries.empty()) lanes_.push_back(std::move(lane));
  return batch;
}

void Batcher::FillBatch(std::deque<Entry>* entries, Batch* batch) {
  while (!entries->empty()) {
    const size_t tokens = entries->front().group->row(entries->front().next_row).token_ids.size();
    if (!batch->tickets.empty() && batch->num_tokens + tokens > max_batch_tokens_) return;
    Entry entry = std::move(entries->front());
    entries->pop_front();
    batch->tickets.push_back({entry.group, entry.next_row});
    batch->num_tokens += tokens;
    num_tokens_ -= tokens;
    if (++entry.next_row < entry.group->group().rows.size()) entries->push_back(std::move(entry));
  }
}

size_t Batcher::num_groups() const {
  size_t groups = 0;
  for (const Lane& lane : lanes_) groups += lane.entries.size();
  return groups;
}

}  // namespace limpid::schedule
