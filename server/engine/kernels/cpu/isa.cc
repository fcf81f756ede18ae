#include "engine/kernels/cpu/kernels.h"

namespace limpid::engine::cpu {

// vector_kernels.cc, compiled for each.
namespace avx2 {
const Kernels& Get();
}
namespace avx512 {
const Kernels& Get();
}

const Kernels* Avx2Kernels() {
  static const bool runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return runs ? &avx2::Get() : nullptr;
}

const Kernels* Avx512Kernels() {
  static const bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                           __builtin_cpu_supports("fma");
  return runs ? &avx512::Get() : nullptr;
}

const Kernels* BestKernels() {
  const Kernels* wide = Avx512Kernels();
  return wide != nullptr ? wide : Avx2Kernels();
}

}  // namespace limpid::engine::cpu
