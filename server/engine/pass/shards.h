#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/row.h"

namespace limpid::engine {

// How a batch is cut for the CPU's threads. Each shard is a packed batch of its own, run from tokens to gradients by
// one thread that waits for no other: rows are independent, so nothing is lost, the activations stay in that core's
// cache, and a thread that the machine holds up delays its own shard only.
//
// Returns indices into `rows`, each in exactly one shard, ascending; the largest shard first. Rows of one input are in
// one shard, which runs its forward pass once. A batch too small to give every thread a worthwhile shard stays whole:
// then the threads share each operation, as it does with no threads at all: on another device, whose operations cost
// more to begin than to run. Depends on nothing but the arguments.
std::vector<std::vector<size_t>> CutIntoShards(std::span<const Row* const> rows, int num_threads);

// Shards that run beside each other, each a list of indices into the batch's rows. A wave of one shard has all threads.
using Wave = std::vector<std::vector<size_t>>;

bool GrowsSavedPast(const Row& row);

// The whole batch as waves, one after the other. No shard mixes rows of different backward rules, nor such with rows
// that want no gradient, which are done with each layer when they leave it and keep nothing. A row that grows a past
// which keeps what a backward pass needs has a shard of its own. Without threads each wave is one shard.
std::vector<Wave> PlanWaves(std::span<const Row* const> rows, int num_threads);

}  // namespace limpid::engine
