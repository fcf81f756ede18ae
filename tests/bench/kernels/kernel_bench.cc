// Google Benchmark of the engine's operations, forward and vjp, over the shapes that matter: what a kernel reaches on
// one thread, as in a pass, where each thread runs shards of its own. FLOP/s count useful operations; bytes_per_second,
// of operations without products, what has to be read and written at least. gemm is LibTorch's own matrix product, to
// hold them against.
//
//   limpid_kernel_bench --benchmark_filter=attention_vjp
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/kernels/op_cases.h"
#include "engine/arena.h"

namespace limpid::bench {
namespace {

// The inputs are made when the benchmark's turn comes, and freed after it.
void Register(const std::string& name, const std::function<OpCase()>& make) {
  benchmark::RegisterBenchmark(name.c_str(), [make](benchmark::State& state) {
    const c10::InferenceMode inference_mode;
    const OpCase op = make();
    for (auto _ : state) op.run();
    if (op.flops > 0) {
      state.counters["FLOP/s"] = benchmark::Counter(op.flops, benchmark::Counter::kIsIterationInvariantRate);
    } else {
      state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(op.bytes));
    }
  });
}

constexpr int64_t kTokens[] = {16, 64, 384, 1024, 4096};

void RegisterLinear() {
  struct Shape {
    int64_t in, out;
  };
  // Of hidden sizes 128 to 1024: to Q, K and V; to the attention's output; up and down in the feed-forward part.
  std::vector<Shape> shapes;
  for (const int64_t hidden : {128, 384, 768, 1024}) {
    for (const Shape shape :
         {Shape{hidden, 3 * hidden}, {hidden, hidden}, {hidden, 4 * hidden}, {4 * hidden, hidden}}) {
      shapes.push_back(shape);
    }
  }
  for (const auto& [in, out] : shapes) {
    for (const int64_t tokens : kTokens) {
      const std::string shape = absl::StrCat("tokens:", tokens, "/in:", in, "/out:", out);
      Register("linear/" + shape, [=] { return LinearCase(tokens, in, out); });
      Register("linear_vjp/" + shape, [=] { return LinearVjpCase(tokens, in, out); });
    }
  }
}

void RegisterAttention() {
  constexpr int64_t kShardTokens = 384;  // short sequences come as many as a shard has
  for (const int64_t hidden : {128, 384, 768, 1024}) {
    for (const int64_t head_size : {32, 64, 128}) {
      for (const int64_t length : {8, 32, 128, 512, 2048}) {
        const std::vector<int64_t> lengths(std::max<int64_t>(1, kShardTokens / length), length);
        const int64_t heads = hidden / head_size;
        const std::string shape = absl::StrCat("length:", length, "/sequences:", lengths.size(), "/hidden:", hidden,
                                               "/head_size:", head_size);
        Register("attention/" + shape, [=] { return AttentionCase(lengths, hidden, heads); });
        Register("attention_vjp/" + shape, [=] { return AttentionVjpCase(lengths, hidden, heads); });
      }
    }
  }
}

void RegisterElementwise() {
  using engine::Activation;
  for (const int64_t hidden : {128, 384, 768, 1024}) {
    for (const int64_t tokens : kTokens) {
      const int64_t wide = 4 * hidden;
      const std::string shape = absl::StrCat("tokens:", tokens, "/width:", wide);
      Register("gelu/" + shape, [=] { return ActivationCase(Activation::kGelu, tokens, wide); });
      Register("gelu_tanh/" + shape, [=] { return ActivationCase(Activation::kGeluTanh, tokens, wide); });
      Register("relu/" + shape, [=] { return ActivationCase(Activation::kRelu, tokens, wide); });
      const std::string narrow = absl::StrCat("tokens:", tokens, "/width:", hidden);
      Register("norm/" + narrow, [=] { return NormCase(tokens, hidden); });
      Register("norm_vjp/" + narrow, [=] { return NormVjpCase(tokens, hidden); });
    }
  }
}

int Main(int argc, char** argv) {
  at::set_num_threads(1);
  engine::Arena::Install();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const int64_t size : kGemmSizes) Register(absl::StrCat("gemm/size:", size), [=] { return GemmCase(size); });
  RegisterLinear();
  RegisterAttention();
  RegisterElementwise();
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace limpid::bench

int main(int argc, char** argv) { return limpid::bench::Main(argc, argv); }
