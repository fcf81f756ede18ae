#include "engine/kernels/cpu/parallel.h"

#include <ATen/Parallel.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>

#include <atomic>
#include <utility>

namespace limpid::engine::cpu {
namespace {

thread_local int num_threads = 1;

// LibTorch's number belongs to the calling thread, too.
void KeepLibTorchSerial() {
  thread_local bool done = false;
  if (!std::exchange(done, true)) at::set_num_threads(1);
}

// A thread in a task works alone.
class InTask {
 public:
  InTask() : before_(std::exchange(num_threads, 1)) { KeepLibTorchSerial(); }
  ~InTask() { num_threads = before_; }
  InTask(const InTask&) = delete;
  InTask& operator=(const InTask&) = delete;

 private:
  const int before_;
};

}  // namespace

void SetNumThreads(int threads) {
  KeepLibTorchSerial();
  num_threads = threads > 0 ? threads : oneapi::tbb::info::default_concurrency();
}

int NumThreads() { return num_threads; }

void ForItems(int64_t items, absl::FunctionRef<void(int64_t item)> body) {
  const auto threads = static_cast<int>(std::min<int64_t>(items, num_threads));
  if (threads <= 1) {
    for (int64_t item = 0; item < items; ++item) body(item);
    return;
  }
  std::atomic<int64_t> next = 0;
  const auto work = [&](int /*thread*/) {
    const InTask in_task;
    for (int64_t item = next++; item < items; item = next++) body(item);
  };
  oneapi::tbb::parallel_for(0, threads, work, oneapi::tbb::simple_partitioner());
}

}  // namespace limpid::engine::cpu
