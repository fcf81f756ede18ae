#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace limpid::methods {

// A directed graph whose edges carry at most so much, by Dinic's algorithm (1970). Exact. Boost.Graph has it too, and
// would be a dependency of the whole build for one method. All flows through 12 layers of 64 tokens take less than 0.1
// s. Not thread-safe.
class FlowNetwork {
 public:
  explicit FlowNetwork(size_t num_nodes) : edges_of_(num_nodes) {}

  // Not negative; all capacities into one node or out of it sum to less than 2^63.
  void AddEdge(size_t from, size_t to, int64_t capacity);

  // From `source` to another node, `sink`, as if nothing had flowed before. Recursion is as deep as the longest of the
  // shortest paths, at most num_nodes.
  int64_t MaxFlow(size_t source, size_t sink);

 private:
  // Each at an even index, its reverse behind it.
  struct Edge {
    size_t to;
    int64_t capacity;
    int64_t left;  // of the capacity; of a reverse, what flows
  };

  void FindLevels(size_t source, size_t sink);
  int64_t Push(size_t node, size_t sink, int64_t most);

  std::vector<Edge> edges_;
  std::vector<std::vector<size_t>> edges_of_;
  std::vector<int> level_;    // distance from the source; -1: not reached
  std::vector<size_t> next_;  // of a node's edges, the first that is not spent in this phase
};

}  // namespace limpid::methods
