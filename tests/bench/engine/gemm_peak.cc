#include "bench/engine/gemm_peak.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>

#include "bench/kernels/op_cases.h"

namespace limpid::bench {

double MeasureGemmPeak(int num_threads) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kEach{300};
  const c10::InferenceMode inference_mode;
  at::set_num_threads(num_threads);
  double best = 0;
  for (const int64_t size : kGemmSizes) {
    const OpCase gemm = GemmCase(size);
    const Clock::time_point end = Clock::now() + kEach;
    for (Clock::time_point start = Clock::now(); start < end; start = Clock::now()) {
      gemm.run();
      const std::chrono::duration<double> taken = Clock::now() - start;
      best = std::max(best, gemm.flops / taken.count());
    }
  }
  at::set_num_threads(1);  // what passes leave LibTorch
  return best;
}

}  // namespace limpid::bench
