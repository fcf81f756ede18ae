// Where the time of a fused pass goes, for one model folder, by Google Benchmark on one thread:
//   gemm/...      the machine's own fp32 matrix product
//   pass/explain  F = mean of the last hidden states, its gradient at the word embeddings, and all attention maps
//   pass/predict  the prediction alone
//   op/...        each operation of all layers by itself, over as many tokens as a shard has
// What the operations do not add up to is embeddings, packing, results, and caches that an
// operation alone finds warm. Times are the CPU's, so that a busy machine matters little.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/engine/passes.h"
#include "bench/engine/split_reporter.h"
#include "bench/kernels/op_cases.h"
#include "engine/weights/model_folder.h"
#include "schedule/scheduler.h"

namespace limpid::bench {
namespace {

using benchmark::Counter;
using engine::Architecture;
using engine::Row;

const Counter::Flags kRate = Counter::kIsIterationInvariantRate, kSecondsPer = kRate | Counter::kInvert;

// Random ids, 7 to 256 tokens, most texts short (mean about 61).
std::vector<std::vector<int32_t>> MixedTexts(const engine::ModelCard& card) {
  constexpr size_t kTexts = 32;
  std::mt19937 random(1);
  std::vector<std::vector<int32_t>> texts(kTexts);
  const auto longest = static_cast<double>(std::min<int64_t>(card.max_tokens, 256));
  for (size_t i = 0; i < kTexts; ++i) {
    const double u = static_cast<double>(i) / (kTexts - 1);
    texts[i].resize(static_cast<size_t>(7 + (longest - 7) * u * u * u * (0.85 + 0.15 * u)));
    for (int32_t& id : texts[i]) id = static_cast<int32_t>(random() % static_cast<uint32_t>(card.vocab_size));
  }
  std::shuffle(texts.begin(), texts.end(), random);
  return texts;
}

// `tokens`: of the whole model's work that one run stands for; 0: it is not a model's.
void Register(const std::string& name, double tokens, const std::function<OpCase()>& make) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    const c10::InferenceMode inference_mode;
    const OpCase work = make();
    for (auto _ : state) work.run();
    if (tokens > 0) state.counters[kSecondsPerToken] = Counter(tokens, kSecondsPer);
    if (work.flops > 0) state.counters[kFlopsPerSecond] = Counter(work.flops, kRate);
  });
}

void RegisterPasses(engine::Engine* engine) {
  const auto texts = MixedTexts(engine->card());
  const std::vector<Row> explanations = ExplanationRows(engine->card(), texts);
  const Work work = WorkOf(*engine, explanations);
  const auto add = [&](const std::string& name, const std::vector<Row>& rows, size_t budget, double of_rows) {
    const OpCase pass = {.run = [=] { RunInBatches(engine, rows, budget); }, .flops = of_rows};
    Register(absl::StrCat(name, "/max_batch_tokens:", budget), static_cast<double>(work.tokens),
             [pass] { return pass; });
  };
  // The server's own budget first.
  for (const size_t budget : {schedule::SchedulerOptions().max_batch_tokens, size_t{256}}) {
    add("pass/explain", explanations, budget, work.flops);
    add("pass/predict", PredictionRows(texts), budget, 0);
  }
}

void RegisterOps(const Architecture& a) {
  const std::vector<int64_t> lengths = {12, 20, 31, 40, 55, 70, 156};
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const int64_t hidden = a.hidden_size, wide = a.intermediate_size, heads = a.num_attention_heads;
  const auto add = [&](const std::string& name, int times_in_layer, const std::function<OpCase()>& make) {
    const auto times = static_cast<double>(times_in_layer * a.num_hidden_layers);
    Register("op/" + name, static_cast<double>(tokens) / times, make);
  };
  const auto add_linear = [&](const std::string& name, int64_t in, int64_t out) {
    add("linear/" + name, 1, [=] { return LinearCase(tokens, in, out); });
    add("linear_vjp/" + name, 1, [=] { return LinearVjpCase(tokens, in, out); });
  };
  add_linear("qkv", hidden, 3 * hidden);
  add_linear("attention_output", hidden, hidden);
  add_linear("mlp_up", hidden, wide);
  add_linear("mlp_down", wide, hidden);
  add("attention", 1, [=] { return AttentionCase(lengths, hidden, heads); });
  add("attention_vjp", 1, [=] { return AttentionVjpCase(lengths, hidden, heads); });
  add("activation", 1, [=, f = a.activation] { return ActivationCase(f, tokens, wide); });
  add("two_norms", 2, [=] { return NormCase(tokens, hidden); });
  add("two_norm_vjps", 2, [=] { return NormVjpCase(tokens, hidden); });
}

void RegisterGemms() {
  for (const int64_t size : kGemmSizes) Register(absl::StrCat("gemm/size:", size), 0, [=] { return GemmCase(size); });
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: limpid_engine_bench [--benchmark_...] MODEL_FOLDER\n");
    return 2;
  }
  at::set_num_threads(1);
  const auto engine = LoadOrExit(argv[1], 1);
  const Architecture architecture = engine::OpenModelFolder(argv[1]).value().architecture;
  RegisterGemms();
  RegisterPasses(engine.get());
  RegisterOps(architecture);
  SplitReporter reporter;
  return benchmark::RunSpecifiedBenchmarks(&reporter) > 0 ? 0 : 1;
}

}  // namespace
}  // namespace limpid::bench

int main(int argc, char** argv) { return limpid::bench::Main(argc, argv); }
