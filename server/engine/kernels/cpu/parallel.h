#pragma once

#include <ATen/Parallel.h>

#include <atomic>
#include <cstdint>

namespace limpid::engine::cpu {

// Calls body(row_begin, row_end) over [0, rows) on all compute threads, at least `grain` rows each.
template <typename Body>
void ForRows(int64_t rows, int64_t grain, const Body& body) {
  at::parallel_for(0, rows, grain, body);
}

// Calls body(item) for each of `items` tasks of unequal size: a thread that is done takes the next one. Put the long
// ones first.
template <typename Body>
void ForItems(int64_t items, const Body& body) {
  std::atomic<int64_t> next = 0;
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    for (int64_t item = next++; item < items; item = next++) body(item);
  });
}

}  // namespace limpid::engine::cpu
