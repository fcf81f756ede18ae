// Where the time of a fused pass goes. Prints, for one model folder:
//  - explained texts and tokens per second at several batch sizes, beside the forward pass alone, and their ratio;
//  - the same pass op by op, and the share of the machine's own fp32 matrix product that it reaches.
// Times are CPU seconds of the process, so on one thread (the default) a busy machine matters little; with more
// threads it measures the work, not the wait. Each figure is the median of rounds taken in turn.
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/ops/activation.h"
#include "engine/ops/attention.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/weights/model_folder.h"

namespace limpid::engine {
namespace {

constexpr int kRounds = 5;
constexpr size_t kTexts = 64;

double CpuSeconds(const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// Median seconds of each piece of work, rounds in turn, after one unmeasured.
std::vector<double> Medians(const std::vector<std::function<void()>>& work) {
  std::vector<std::vector<double>> seconds(work.size());
  for (int round = 0; round <= kRounds; ++round) {
    for (size_t i = 0; i < work.size(); ++i) {
      const double taken = CpuSeconds(work[i]);
      if (round > 0) seconds[i].push_back(taken);
    }
  }
  std::vector<double> medians;
  for (auto& samples : seconds) {
    std::nth_element(samples.begin(), samples.begin() + kRounds / 2, samples.end());
    medians.push_back(samples[kRounds / 2]);
  }
  return medians;
}

// Texts of 7 to 256 tokens, most of them short (mean about 61), as in DESIGN.md's table.
std::vector<Row> MakeRows(const ModelCard& card) {
  std::mt19937 random(1);
  std::vector<Row> rows(kTexts);
  for (size_t i = 0; i < kTexts; ++i) {
    const double u = static_cast<double>(i) / (kTexts - 1);
    const auto longest = static_cast<double>(std::min<int64_t>(card.max_tokens, 256));
    const auto length = static_cast<size_t>(7 + (longest - 7) * u * u * u * (0.85 + 0.15 * u));
    for (size_t t = 0; t < length; ++t) {
      rows[i].token_ids.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(card.vocab_size)));
    }
    rows[i].type_ids.assign(length, 0);
    for (int32_t l = 0; l < card.num_layers; ++l) rows[i].wanted.attention_layers.push_back(l);
  }
  std::shuffle(rows.begin(), rows.end(), random);
  return rows;
}

void RunAll(Engine* engine, const std::vector<Row>& rows, size_t max_batch_tokens) {
  std::vector<const Row*> batch;
  size_t tokens = 0;
  const auto flush = [&] {
    const auto results = engine->Run(batch, nullptr);
    if (!results.ok()) {
      std::fprintf(stderr, "%s\n", results.status().ToString().c_str());
      std::exit(1);
    }
    batch.clear();
    tokens = 0;
  };
  for (const Row& row : rows) {
    if (!batch.empty() && tokens + row.token_ids.size() > max_batch_tokens) flush();
    batch.push_back(&row);
    tokens += row.token_ids.size();
  }
  flush();
}

// Seconds per token of the pass with all maps and a gradient, at its best batch size.
double BenchPass(Engine* engine) {
  std::vector<Row> forward = MakeRows(engine->card());
  std::vector<Row> explain = forward;
  size_t tokens = 0;
  for (Row& row : explain) {
    row.target.kind = Target::Kind::kMeanOutput;
    row.wanted.gradient_at[static_cast<size_t>(AttachPoint::kWordEmbedding)] = true;
    tokens += row.token_ids.size();
  }
  std::printf("%zu texts, %.0f tokens each\n", kTexts, static_cast<double>(tokens) / kTexts);
  std::printf("%12s %14s %14s %14s %8s\n", "batch tokens", "texts/s", "tokens/s", "forward tok/s", "ratio");
  double best = 1;
  for (const size_t budget : {256, 1024, 4096}) {
    const auto seconds = Medians({[&] { RunAll(engine, explain, budget); }, [&] { RunAll(engine, forward, budget); }});
    const auto count = static_cast<double>(tokens);
    std::printf("%12zu %14.1f %14.0f %14.0f %8.2f\n", budget, kTexts / seconds[0], count / seconds[0],
                count / seconds[1], seconds[0] / seconds[1]);
    best = std::min(best, seconds[0] / count);
  }
  return best;
}

struct Stage {
  const char* name;
  std::function<void()> work;  // one layer's share over `tokens` tokens
  double flops;
};

std::vector<Stage> LayerStages(const Architecture& a, int64_t tokens, const std::vector<int64_t>& cu_seqlens) {
  const auto linear = [](int64_t out, int64_t in) { return LinearWeights{at::randn({out, in}), at::randn({out})}; };
  const int64_t hidden = a.hidden_size, wide = a.intermediate_size;
  const std::vector<LinearWeights> weights = {linear(3 * hidden, hidden), linear(hidden, hidden), linear(wide, hidden),
                                              linear(hidden, wide)};
  const LayerNormWeights norm = {at::randn({hidden}), at::randn({hidden}), a.layer_norm_eps};
  const LayerNormSaved saved = {at::randn({tokens, hidden}), at::rand({tokens, 1})};
  const at::Tensor narrow = at::randn({tokens, hidden}), broad = at::randn({tokens, wide});
  const at::Tensor qkv = at::randn({tokens, 3 * hidden});
  const AttentionShape shape = {cu_seqlens, a.num_attention_heads};
  std::vector<at::Tensor> probs;
  AttentionForward(shape, qkv, {}, &probs);
  double weights_size = 0, pairs = 0;
  for (const auto& w : weights) weights_size += static_cast<double>(w.weight.numel());
  for (size_t s = 1; s < cu_seqlens.size(); ++s) {
    const auto length = static_cast<double>(cu_seqlens[s] - cu_seqlens[s - 1]);
    pairs += length * length;
  }
  const double linear_flops = 2 * weights_size * static_cast<double>(tokens);
  const double product_flops = 2 * pairs * static_cast<double>(hidden);
  const auto input = [=](const LinearWeights& w) { return w.weight.size(1) == wide ? broad : narrow; };
  const auto cotangent = [=](const LinearWeights& w) {
    return w.weight.size(0) == wide ? broad : w.weight.size(0) == hidden ? narrow : qkv;
  };
  const auto activate = [=] {
    at::Tensor derivative;
    ActivationForward(a.activation, broad.clone(), &derivative);
  };
  const auto normalize = [=] {
    LayerNormSaved kept;
    AddLayerNormForward(norm, narrow, narrow.clone(), &kept);
  };
  return {
      {"linear",
       [=] {
         for (const auto& w : weights) LinearForward(w, input(w));
       },
       linear_flops},
      {"linear vjp",
       [=] {
         for (const auto& w : weights) LinearVjp(w, cotangent(w));
       },
       linear_flops},
      {"attention",
       [=] {
         std::vector<at::Tensor> out;
         AttentionForward(shape, qkv, {}, &out);
       },
       2 * product_flops},
      {"attention vjp", [=] { AttentionVjp(shape, qkv, probs, narrow, {}); }, 4 * product_flops},
      {"activation", activate, 0},
      {"two norms", [=] { normalize(), normalize(); }, 0},
      {"two norm vjps",
       [=] {
         for (int i = 0; i < 2; ++i) AddLayerNormVjp(norm, saved, narrow, narrow);
       },
       0},
  };
}

void BenchStages(const Architecture& a, double pass_seconds_per_token) {
  const c10::InferenceMode inference_mode;
  std::vector<int64_t> cu_seqlens = {0};
  for (int64_t length : {12, 20, 31, 40, 55, 70, 156}) cu_seqlens.push_back(cu_seqlens.back() + length);
  const int64_t tokens = cu_seqlens.back();
  const auto stages = LayerStages(a, tokens, cu_seqlens);
  // Enough repetitions for the clock.
  constexpr int kRepeat = 20;
  std::vector<std::function<void()>> work;
  for (const Stage& stage : stages)
    work.push_back([&stage] {
      for (int i = 0; i < kRepeat; ++i) stage.work();
    });
  const at::Tensor square = at::randn({1024, 1024});
  work.push_back([&] {
    for (int i = 0; i < kRepeat; ++i) at::mm(square, square);
  });
  const std::vector<double> seconds = Medians(work);

  const double peak = 2.0 * 1024 * 1024 * 1024 * kRepeat / seconds.back();
  const double scale = 1e6 * static_cast<double>(a.num_hidden_layers) / kRepeat / static_cast<double>(tokens);
  double total = 0, flops = 0;
  std::printf("\nfp32 product of 1024 x 1024: %.0f GFLOP/s\n%16s %10s %8s %10s\n", peak / 1e9, "op", "us/token",
              "share", "of peak");
  for (size_t i = 0; i < stages.size(); ++i) {
    const double us = seconds[i] * scale;
    total += us;
    flops += stages[i].flops * kRepeat * scale;
    std::printf("%16s %10.2f %7.1f%%", stages[i].name, us, 100 * us / (1e6 * pass_seconds_per_token));
    if (stages[i].flops > 0) std::printf(" %9.1f%%", 100 * stages[i].flops * kRepeat / seconds[i] / peak);
    std::printf("\n");
  }
  std::printf("%16s %10.2f %7.1f%%\n%16s %10.2f           %9.1f%%\n", "sum", total,
              100 * total / (1e6 * pass_seconds_per_token), "whole pass", 1e6 * pass_seconds_per_token,
              100 * flops / (1e6 * pass_seconds_per_token) / peak);
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: limpid_engine_bench MODEL_FOLDER [THREADS, default 1]\n");
    return 2;
  }
  const int num_threads = argc > 2 ? std::atoi(argv[2]) : 1;
  at::set_num_threads(num_threads);
  const auto engine = LoadEngine(argv[1], {.device = "cpu", .num_threads = num_threads});
  const auto folder = OpenModelFolder(argv[1]);
  if (!engine.ok() || !folder.ok()) {
    std::fprintf(stderr, "%s\n", engine.status().ToString().c_str());
    return 1;
  }
  BenchStages(folder->architecture, BenchPass(engine->get()));
  return 0;
}

}  // namespace
}  // namespace limpid::engine

int main(int argc, char** argv) { return limpid::engine::Main(argc, argv); }
