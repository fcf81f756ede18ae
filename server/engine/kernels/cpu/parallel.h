#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/functional/function_ref.h"

// The threads of a pass. oneTBB's, not LibTorch's OpenMP team: there the calling thread also takes the share of a
// thread that the machine has not let run yet, and nobody waits for it.
namespace limpid::engine::cpu {

// So many threads work on what the calling thread runs from now on, itself included; 0: all cores. Until it is called a
// thread works alone. LibTorch's own operations get one thread.
void SetNumThreads(int num_threads);
int NumThreads();

// Calls body(item) for each of `items` tasks of unequal size: a thread that is done takes the next one. Put the long
// ones first. Within `body` NumThreads() is 1.
void ForItems(int64_t items, absl::FunctionRef<void(int64_t item)> body);

// Calls body(row_begin, row_end) over [0, rows), at least `grain` rows each.
template <typename Body>
void ForRows(int64_t rows, int64_t grain, const Body& body) {
  const int64_t parts = std::clamp<int64_t>(rows / grain, 1, NumThreads());
  ForItems(parts, [&](int64_t part) { body(rows * part / parts, rows * (part + 1) / parts); });
}

}  // namespace limpid::engine::cpu
