#pragma once

#include <cstdint>
#include <new>

namespace limpid::engine::cpu {

// A buffer that a thread keeps between calls, aligned to a cache line. Make it thread_local; what it holds is lost when
// it grows.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { Free(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  float* Floats(int64_t count) {
    if (count > count_) {
      Free();
      data_ = static_cast<float*>(::operator new(static_cast<size_t>(count) * sizeof(float), kAlignment));
      count_ = count;
    }
    return data_;
  }

 private:
  static constexpr std::align_val_t kAlignment{64};

  void Free() {
    ::operator delete(data_, kAlignment);
    data_ = nullptr;
    count_ = 0;
  }

  float* data_ = nullptr;
  int64_t count_ = 0;
};

}  // namespace limpid::engine::cpu
