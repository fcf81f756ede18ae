#include "methods/lib/max_flow.h"

#include <algorithm>
#include <limits>

namespace limpid::methods {

void FlowNetwork::AddEdge(size_t from, size_t to, int64_t capacity) {
  edges_of_[from].push_back(edges_.size());
  edges_.push_back({.to = to, .capacity = capacity, .left = 0});
  edges_of_[to].push_back(edges_.size());
  edges_.push_back({.to = from, .capacity = 0, .left = 0});
}

int64_t FlowNetwork::MaxFlow(size_t source, size_t sink) {
  for (Edge& edge : edges_) edge.left = edge.capacity;
  int64_t flow = 0;
  for (FindLevels(source, sink); level_[sink] >= 0; FindLevels(source, sink)) {
    next_.assign(edges_of_.size(), 0);
    flow += Push(source, sink, std::numeric_limits<int64_t>::max());
  }
  return flow;
}

// Breadth first, until the sink is reached.
void FlowNetwork::FindLevels(size_t source, size_t sink) {
  level_.assign(edges_of_.size(), -1);
  level_[source] = 0;
  std::vector<size_t> queue = {source};
  for (size_t head = 0; head < queue.size() && level_[sink] < 0; ++head) {
    const size_t node = queue[head];
    for (size_t index : edges_of_[node]) {
      const Edge& edge = edges_[index];
      if (edge.left == 0 || level_[edge.to] >= 0) continue;
      level_[edge.to] = level_[node] + 1;
      queue.push_back(edge.to);
    }
  }
}

// As much of `most` as reaches the sink from `node`, by edges that lead one level on.
int64_t FlowNetwork::Push(size_t node, size_t sink, int64_t most) {
  if (node == sink) return most;
  int64_t pushed = 0;
  for (size_t& next = next_[node]; next < edges_of_[node].size(); ++next) {
    const size_t index = edges_of_[node][next];
    Edge& edge = edges_[index];
    if (edge.left == 0 || level_[edge.to] != level_[node] + 1) continue;
    const int64_t part = Push(edge.to, sink, std::min(most - pushed, edge.left));
    edge.left -= part;
    edges_[index ^ 1].left += part;
    pushed += part;
    // The edge may still carry more.
    if (pushed == most) return pushed;
  }
  return pushed;
}

}  // namespace limpid::methods
