#include "engine/arena.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <new>

namespace limpid::engine {
namespace {

constexpr std::align_val_t kAlignment{64};
// A block may be a quarter larger than what is asked for, and all of them together than what was in use at once.
constexpr size_t kSpareShare = 4;

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

uint64_t Arena::held_bytes() const {
  const absl::MutexLock lock(&mutex_);
  return used_bytes_ + kept_bytes_;
}

void Arena::Free(void* data) {
  if (data == nullptr) return;
  c10::profiledCPUMemoryReporter().Delete(data);
  Install().Keep(static_cast<Block*>(data) - 1);
}

Arena::Block* Arena::Take(size_t size) {
  if (Block* const kept = TakeKept(size); kept != nullptr) return kept;
  const size_t bytes = sizeof(Block) + size;
  void* memory = ::operator new(bytes, kAlignment, std::nothrow);
  if (memory != nullptr) return new (memory) Block{size};
  const absl::MutexLock lock(&mutex_);
  // What is kept may be of other sizes.
  ReleaseKept(0);
  memory = ::operator new(bytes, kAlignment, std::nothrow);
  if (memory != nullptr) return new (memory) Block{size};
  used_bytes_ -= size;
  throw std::bad_alloc();
}

Arena::Block* Arena::TakeKept(size_t size) {
  const absl::MutexLock lock(&mutex_);
  const auto kept = kept_.lower_bound(size);
  const bool fits = kept != kept_.end() && kept->first <= size + size / kSpareShare;
  Block* const block = fits ? Pop(kept) : nullptr;
  used_bytes_ += fits ? block->size : size;
  most_used_bytes_ = std::max(most_used_bytes_, used_bytes_);
  if (fits) return block;
  ++num_from_system_;
  ReleaseKept(most_used_bytes_ + most_used_bytes_ / kSpareShare - used_bytes_);
  return nullptr;
}

void Arena::Keep(Block* block) {
  {
    const absl::MutexLock lock(&mutex_);
    used_bytes_ -= block->size;
    if (kKeeps) {
      kept_[block->size].push_back(block);
      kept_bytes_ += block->size;
      return;
    }
  }
  ::operator delete(block, kAlignment);
}

Arena::Block* Arena::Pop(KeptBlocks::iterator kept) {
  Block* const block = kept->second.back();
  kept->second.pop_back();
  kept_bytes_ -= block->size;
  if (kept->second.empty()) kept_.erase(kept);
  return block;
}

void Arena::ReleaseKept(size_t most) {
  while (kept_bytes_ > most) ::operator delete(Pop(std::prev(kept_.end())), kAlignment);
}

}  // namespace limpid::engine
