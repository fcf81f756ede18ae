#include "engine/arena.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <bit>
#include <new>

namespace limpid::engine {
namespace {

constexpr std::align_val_t kAlignment{64};
// More than this is not kept for later: it goes back to the system.
constexpr size_t kMaxKeptBytes = size_t{1} << 30;

// A sanitizer finds the use of freed memory only if it is really freed.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

size_t RoundUp(size_t size) {
  if (size <= 64) return 64;
  const size_t step = std::max<size_t>(std::bit_ceil(size) / 16, 64);
  return (size + step - 1) / step * step;
}

}  // namespace

struct alignas(64) Arena::Block {
  size_t size;

  void* data() { return this + 1; }
};

Arena& Arena::Install() {
  // Never destroyed: tensors may outlive everything else.
  static Arena& arena = *[] {
    auto* const made = new Arena();
    c10::SetCPUAllocator(made);
    return made;
  }();
  return arena;
}

c10::DataPtr Arena::allocate(size_t size) {
  const c10::Device device(c10::DeviceType::CPU);
  if (size == 0) return {nullptr, nullptr, &Free, device};
  Block* const block = Take(RoundUp(size));
  c10::profiledCPUMemoryReporter().New(block->data(), block->size);
  return {block->data(), block->data(), &Free, device};
}

uint64_t Arena::num_from_system() const {
  const absl::MutexLock lock(&mutex_);
  return num_from_system_;
}

void Arena::Free(void* data) {
  if (data == nullptr) return;
  c10::profiledCPUMemoryReporter().Delete(data);
  Install().Keep(static_cast<Block*>(data) - 1);
}

Arena::Block* Arena::Take(size_t size) {
  {
    const absl::MutexLock lock(&mutex_);
    const auto kept = kept_.find(size);
    if (kept != kept_.end() && !kept->second.empty()) {
      Block* const block = kept->second.back();
      kept->second.pop_back();
      kept_bytes_ -= size;
      return block;
    }
    ++num_from_system_;
  }
  const size_t bytes = sizeof(Block) + size;
  void* memory = ::operator new(bytes, kAlignment, std::nothrow);
  if (memory == nullptr) {
    // What is kept may be of other sizes.
    {
      const absl::MutexLock lock(&mutex_);
      ReleaseKept();
    }
    memory = ::operator new(bytes, kAlignment);
  }
  return new (memory) Block{size};
}

void Arena::Keep(Block* block) {
  {
    const absl::MutexLock lock(&mutex_);
    if (kKeeps && kept_bytes_ + block->size <= kMaxKeptBytes) {
      kept_[block->size].push_back(block);
      kept_bytes_ += block->size;
      return;
    }
  }
  ::operator delete(block, kAlignment);
}

void Arena::ReleaseKept() {
  for (auto& [size, blocks] : kept_) {
    for (Block* block : blocks) ::operator delete(block, kAlignment);
    blocks.clear();
  }
  kept_bytes_ = 0;
}

}  // namespace limpid::engine
