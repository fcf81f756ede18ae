#pragma once

#include <c10/core/Allocator.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace limpid::engine {

// LibTorch's CPU memory: blocks that were freed are kept for the next pass, which asks for about the same ones, so that
// a warm pass takes nothing from the system and touches no page for the first time. Sizes are rounded up to eighths of
// a power of two, so that passes of other lengths find them too. What is in use and what is kept are together at most a
// quarter more than the most that was in use at once: texts of all lengths would leave blocks of all sizes behind.
// Thread-safe: results are freed by whoever had them.
class Arena final : public c10::Allocator {
 public:
  // The process's own; LibTorch's CPU allocator from the first call on.
  static Arena& Install();

  // Throws std::bad_alloc when the system has no more.
  c10::DataPtr allocate(size_t size) override;
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t size) const override { default_copy_data(to, from, size); }

  // Blocks that were taken from the system since the start.
  uint64_t num_from_system() const;
  // In use or kept.
  uint64_t held_bytes() const;

 private:
  struct Block;                                              // what lies before the memory that is given out
  using KeptBlocks = std::map<size_t, std::vector<Block*>>;  // by size, none empty

  Arena() = default;
  static void Free(void* data);
  Block* Take(size_t size);
  // Counted as used; null where none fits: then there is room for one from the system, which is counted, too.
  Block* TakeKept(size_t size);
  void Keep(Block* block);
  Block* Pop(KeptBlocks::iterator kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The largest first, until `most` bytes are kept.
  void ReleaseKept(size_t most) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  KeptBlocks kept_ ABSL_GUARDED_BY(mutex_);
  size_t kept_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0, most_used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t num_from_system_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace limpid::engine
