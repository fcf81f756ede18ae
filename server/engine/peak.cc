#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "engine/engine.h"
#include "engine/kernels/cpu/parallel.h"

namespace limpid::engine {

double MeasurePeakFlops(const EngineOptions& options) {
  constexpr int64_t kSize = 1024;
  // A start waits for it: at least two, and more only where they are quick.
  constexpr absl::Duration kLongEnough = absl::Milliseconds(40);
  const c10::InferenceMode inference_mode;
  cpu::SetNumThreads(options.num_threads);
  at::set_num_threads(cpu::NumThreads());
  const at::Device device(options.device);
  const at::Tensor a = at::full({kSize, kSize}, 0.5f, device), b = at::full({kSize, kSize}, 0.25f, device);
  double best = 0;
  const absl::Time begin = absl::Now();
  for (int round = 0; round < 2 || absl::Now() - begin < kLongEnough; ++round) {
    const absl::Time start = absl::Now();
    // Reading one number waits for a device that works on its own.
    static_cast<void>(at::mm(a, b)[0][0].item<float>());
    best = std::max(best, 2.0 * kSize * kSize * kSize / absl::ToDoubleSeconds(absl::Now() - start));
  }
  at::set_num_threads(1);
  return best;
}

}  // namespace limpid::engine
