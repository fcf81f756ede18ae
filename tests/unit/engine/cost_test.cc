// Engine::Cost against what a pass really allocates.
#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

// Follows LibTorch's allocations on the thread that has it in force.
class AllocationMeter final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    now_ += size;
    peak_ = std::max(peak_, now_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  uint64_t now() const { return static_cast<uint64_t>(std::max<int64_t>(now_, 0)); }
  uint64_t peak() const { return static_cast<uint64_t>(peak_); }

 private:
  int64_t now_ = 0, peak_ = 0;
};

struct Case {
  TinyConfig config;
  int64_t length;
  bool wants_maps, wants_gradient;
};

// Odd and even shapes, from one token to the longest.
std::vector<Case> RandomCases() {
  std::vector<Case> cases;
  std::mt19937 random(5);
  for (int i = 0; i < 40; ++i) {
    TinyConfig config;
    config.num_attention_heads = 1 + static_cast<int64_t>(random() % 6);
    config.hidden_size = config.num_attention_heads * (8 + 4 * static_cast<int64_t>(random() % 12));
    config.intermediate_size = config.hidden_size * (1 + static_cast<int64_t>(random() % 5));
    config.num_hidden_layers = 1 + static_cast<int64_t>(random() % 6);
    config.max_position_embeddings = 300;
    cases.push_back({config, 1 + static_cast<int64_t>(random() % 300), i % 2 == 0, i % 3 != 0});
  }
  return cases;
}

TEST(Cost, IsNeverLessThanWhatAPassAllocatesAndNotManyTimesMore) {
  at::set_num_threads(1);  // the meter sees one thread
  double sum_of_ratios = 0;
  const std::vector<Case> cases = RandomCases();
  for (const Case& c : cases) {
    const auto engine = LoadEngine(WriteTinyModel("cost", c.config), {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(engine, IsOk());
    Row row = RandomRow(c.config, c.length, 3, {.kind = Target::Kind::kClass});
    if (!c.wants_maps) row.wanted.attention_layers.clear();
    if (!c.wants_gradient) row.wanted = {.attention_layers = row.wanted.attention_layers};
    const Row* rows[] = {&row};
    const auto meter = std::make_shared<AllocationMeter>();

    absl::StatusOr<std::vector<RowResult>> results;
    {
      const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
      results = (*engine)->Run(rows, nullptr);
    }

    ASSERT_THAT(results, IsOk());
    const PassCost cost = (*engine)->Cost(row.token_ids.size(), row.wanted);
    const auto peak = static_cast<double>(meter->peak());
    EXPECT_GE(cost.peak_bytes, meter->peak())
        << c.length << " tokens, hidden " << c.config.hidden_size << ", layers " << c.config.num_hidden_layers
        << ", heads " << c.config.num_attention_heads << ", backward " << c.wants_gradient;
    EXPECT_GT(peak, 0);
    sum_of_ratios += static_cast<double>(cost.peak_bytes) / peak;
  }
  const double mean_ratio = sum_of_ratios / static_cast<double>(cases.size());
  std::printf("estimated / allocated peak bytes, mean of %zu models: %.2f\n", cases.size(), mean_ratio);
  EXPECT_LT(mean_ratio, 3);
}

TEST(Cost, OfTheResultIsNeverLessThanItsArrays) {
  const TinyConfig config;
  const auto engine = LoadEngine(WriteTinyModel("cost", config), {.device = "cpu", .num_threads = 1});
  ASSERT_THAT(engine, IsOk());
  const Row row = RandomRow(config, 33, 3, {.kind = Target::Kind::kClass});
  const Row* rows[] = {&row};

  const auto results = (*engine)->Run(rows, nullptr);

  ASSERT_THAT(results, IsOk());
  const RowResult& result = results->front();
  size_t floats = result.head_mean_attention.values.size() + result.gradient_attention.values.size() +
                  result.head_importance.values.size();
  for (const HostTensor& maps : result.attention) floats += maps.values.size();
  for (size_t point = 0; point < kNumAttachPoints; ++point) {
    floats += result.inputs[point].values.size() + result.gradients[point].values.size();
  }
  EXPECT_EQ((*engine)->Cost(33, row.wanted).result_bytes, floats * sizeof(float));
}

TEST(Cost, GrowsWithTokensAndDoublesWithTheBackwardPass) {
  const TinyConfig config;
  const auto engine = LoadEngine(WriteTinyModel("cost", config), {.device = "cpu", .num_threads = 1});
  ASSERT_THAT(engine, IsOk());
  Wanted gradient;
  gradient.gradient_at[0] = true;

  EXPECT_GT((*engine)->Cost(40, {}).flops, 2 * (*engine)->Cost(20, {}).flops);
  EXPECT_GT((*engine)->Cost(40, gradient).flops, 2 * (*engine)->Cost(40, {}).flops);
  EXPECT_LT((*engine)->Cost(40, gradient).flops, 3.1 * (*engine)->Cost(40, {}).flops);
}

}  // namespace
}  // namespace limpid::engine
