#include "engine/pass/shards.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

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
  const size_t tokens = row.token_ids.size();
  return tokens * (row.wanted.needs_backward() ? 2 : 1) + (row.wanted.value_zeroing ? tokens * tokens : 0);
}

size_t NumShards(std::span<const Row* const> rows, size_t num_threads) {
  size_t tokens = 0;
  for (const Row* row : rows) tokens += row->token_ids.size();
  const size_t by_cache = tokens / kShardTokens;
  if (by_cache >= num_threads) return std::min(by_cache, rows.size());
  const bool worthwhile = rows.size() >= num_threads && tokens >= num_threads * kMinShardTokens;
  return worthwhile ? num_threads : 1;
}

}  // namespace

std::vector<std::vector<size_t>> CutIntoShards(std::span<const Row* const> rows, int num_threads) {
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return Cost(*rows[a]) > Cost(*rows[b]); });
  // Longest row first, each to the shard with the least to do.
  std::vector<Shard> shards(NumShards(rows, static_cast<size_t>(std::max(1, num_threads))));
  const auto less_to_do = [](const Shard& a, const Shard& b) { return a.cost < b.cost; };
  for (size_t row : order) {
    Shard& shard = *std::min_element(shards.begin(), shards.end(), less_to_do);
    shard.rows.push_back(row);
    shard.cost += Cost(*rows[row]);
  }
  std::stable_sort(shards.begin(), shards.end(), [&](const Shard& a, const Shard& b) { return less_to_do(b, a); });
  std::vector<std::vector<size_t>> cut;
  for (Shard& shard : shards) {
    std::sort(shard.rows.begin(), shard.rows.end());
    cut.push_back(std::move(shard.rows));
  }
  return cut;
}

std::vector<Wave> PlanWaves(std::span<const Row* const> rows, int num_threads) {
  // Those with a gradient first: their shards take longer.
  using Kind = std::pair<bool, BackwardRule>;
  std::map<Kind, std::vector<size_t>> kinds;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool forward_only = !rows[i]->wanted.needs_backward();
    kinds[{forward_only, forward_only ? BackwardRule::kGradient : rows[i]->backward_rule}].push_back(i);
  }
  std::vector<Wave> waves;
  Wave together;
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
  // Enough for every thread to have one of its own, or each kind with all threads.
  return together.size() >= static_cast<size_t>(num_threads) ? std::vector<Wave>{std::move(together)} : waves;
}

}  // namespace limpid::engine
