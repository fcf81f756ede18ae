#include "engine/pass/shards.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "engine/pass/past.h"
#include "engine/pass/shared_inputs.h"

namespace limpid::engine {
namespace {

// From 256 tokens on a product runs as fast on one core as with 4096 (measured), and the activations of a few hundred
// stay near a core's cache. The exact number is a guess between the two.
constexpr size_t kShardTokens = 384;
// Fewer than this and a product is bound by reading the weights, which every shard does anew.
constexpr size_t kMinShardTokens = 64;

struct Shard {
  std::vector<size_t> rows;
  size_t cost = 0;
};

// A backward pass costs about what the forward pass does, and value zeroing runs most of a layer for each pair.
size_t Cost(const Row& row) {
  const size_t tokens = row.num_computed_tokens();
  return tokens * (row.wanted.needs_backward() ? 2 : 1) + (row.wanted.value_zeroing ? tokens * tokens : 0);
}

// Rows that share a forward pass, indices into the batch's.
using Group = std::vector<size_t>;

size_t NumShards(std::span<const Row* const> rows, size_t num_groups, size_t num_threads) {
  if (num_threads == 0) return 1;
  size_t tokens = 0;
  for (const Row* row : rows) tokens += row->num_computed_tokens();
  const size_t by_cache = tokens / kShardTokens;
  if (by_cache >= num_threads) return std::min(by_cache, num_groups);
  const bool worthwhile = num_groups >= num_threads && tokens >= num_threads * kMinShardTokens;
  return worthwhile ? num_threads : 1;
}

std::vector<Wave> OneByOne(const Wave& shards) {
  std::vector<Wave> waves;
  for (const std::vector<size_t>& shard : shards) waves.push_back({shard});
  return waves;
}

}  // namespace

std::vector<std::vector<size_t>> CutIntoShards(std::span<const Row* const> rows, int num_threads) {
  std::vector<Group> groups = GroupByInput(rows);
  const auto cost = [&](const Group& group) {
    size_t sum = 0;
    for (const size_t row : group) sum += Cost(*rows[row]);
    return sum;
  };
  std::ranges::stable_sort(groups, std::ranges::greater(), cost);
  // The longest first, each to the shard with the least to do.
  std::vector<Shard> shards(NumShards(rows, groups.size(), static_cast<size_t>(num_threads)));
  const auto less_to_do = [](const Shard& a, const Shard& b) { return a.cost < b.cost; };
  for (const Group& group : groups) {
    Shard& shard = *std::min_element(shards.begin(), shards.end(), less_to_do);
    shard.rows.insert(shard.rows.end(), group.begin(), group.end());
    shard.cost += cost(group);
  }
  std::stable_sort(shards.begin(), shards.end(), [&](const Shard& a, const Shard& b) { return less_to_do(b, a); });
  std::vector<std::vector<size_t>> cut;
  for (Shard& shard : shards) {
    std::sort(shard.rows.begin(), shard.rows.end());
    cut.push_back(std::move(shard.rows));
  }
  return cut;
}

bool GrowsSavedPast(const Row& row) { return row.past != nullptr && PastOf(row).keeps_for_backward(); }

std::vector<Wave> PlanWaves(std::span<const Row* const> rows, int num_threads) {
  // Those with a gradient first: their shards take longer.
  using Kind = std::pair<bool, BackwardRule>;
  std::map<Kind, std::vector<size_t>> kinds;
  Wave alone;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (GrowsSavedPast(*rows[i])) {
      alone.push_back({i});
      continue;
    }
    const bool forward_only = !rows[i]->wanted.needs_backward();
    kinds[{forward_only, forward_only ? BackwardRule::kGradient : rows[i]->backward_rule}].push_back(i);
  }
  std::vector<Wave> waves;
  Wave together = alone;
  if (!alone.empty()) waves.push_back(alone);
  for (const auto& [kind, indices] : kinds) {
    std::vector<const Row*> own;
    for (size_t i : indices) own.push_back(rows[i]);
    Wave wave = CutIntoShards(own, num_threads);
    for (std::vector<size_t>& shard : wave) {
      for (size_t& row : shard) row = indices[row];
      together.push_back(shard);
    }
    waves.push_back(std::move(wave));
  }
  if (num_threads == 0) return OneByOne(together);
  // Enough for every thread to have one of its own, or each kind with all threads.
  return together.size() >= static_cast<size_t>(num_threads) ? std::vector<Wave>{std::move(together)} : waves;
}

}  // namespace limpid::engine
