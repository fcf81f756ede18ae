// Engine::Cost against what a pass really allocates.
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
  int extras;  // see AddExtras
};

std::shared_ptr<const Baseline> Zeros(int64_t length, AttachPoint at = AttachPoint::kWordEmbedding) {
  return std::make_shared<const Baseline>(
      Baseline{at, std::vector<int32_t>(static_cast<size_t>(length), Baseline::kZero)});
}

std::shared_ptr<const HiddenStates> States(const TinyConfig& config, int64_t length) {
  const auto size = static_cast<size_t>(length * config.hidden_size);
  return std::make_shared<const HiddenStates>(HiddenStates{0, std::vector<float>(size, 0.5f)});
}

constexpr int kValueZeroing = 3;

// What costs memory of its own, one after the other.
void AddExtras(const Case& c, Row* row) {
  switch (c.extras) {
    case 1:
      row->alteration = Alteration{.noise = Noise{.scale = 0.1f}, .baseline = Zeros(c.length), .alpha = {0.5f}};
      if (c.wants_gradient) row->wanted.gradient_dots = {Zeros(c.length), Zeros(c.length)};
      break;
    case 2:
      row->wanted.hidden_states = {0, static_cast<int32_t>(c.config.num_hidden_layers)};
      row->replaced_hidden = States(c.config, c.length);
      if (!c.wants_gradient) break;
      row->wanted.layer_gradient_dot = States(c.config, c.length);
      row->wanted.layer_gradient_x_activation = true;
      break;
    case kValueZeroing:
      row->wanted.value_zeroing = true;
      break;
    case 4: {
      if (!c.wants_gradient) break;
      const std::vector<uint8_t> all(static_cast<size_t>(c.config.vocab_size), 1);
      row->wanted.substitutions = SubstitutionSearch{20, std::make_shared<const std::vector<uint8_t>>(all), {}};
      for (int32_t t = 0; t < c.length; ++t) row->wanted.substitutions->tokens.push_back(t);
      break;
    }
    case 5:
      row->alteration = Alteration{.at = AttachPoint::kEmbeddingOutput,
                                   .noise = Noise{.scale = 0.1f},
                                   .baseline = Zeros(c.length, AttachPoint::kEmbeddingOutput),
                                   .alpha = {0.5f}};
      row->wanted.gradient_at = {};
      if (c.wants_gradient) row->wanted.gradient_dots = {Zeros(c.length, AttachPoint::kEmbeddingOutput)};
      break;
    default:
      break;
  }
}

// Odd and even shapes, from one token to the longest.
std::vector<Case> RandomCases() {
  std::vector<Case> cases;
  std::mt19937 random(5);
  for (int i = 0; i < 120; ++i) {
    TinyConfig config;
    config.architecture = kTinyArchitectures[static_cast<size_t>(i / 2) % std::size(kTinyArchitectures)];
    if (i % 9 == 4) config.architecture = "ElectraForTokenClassification";
    config.num_attention_heads = 1 + static_cast<int64_t>(random() % 6);
    config.hidden_size = config.num_attention_heads * (8 + 4 * static_cast<int64_t>(random() % 12));
    config.intermediate_size = config.hidden_size * (1 + static_cast<int64_t>(random() % 5));
    config.num_hidden_layers = 1 + static_cast<int64_t>(random() % 6);
    config.max_position_embeddings = 310;
    config.vocab_size = 11 + static_cast<int64_t>(random() % 3000);
    config.embedding_size = 1 + static_cast<int64_t>(random() % 600);
    const int extras = i % 7;
    const int64_t longest = extras == kValueZeroing ? 60 : 300;  // it runs a layer again for every token
    cases.push_back({config, 1 + static_cast<int64_t>(random()) % longest, i % 2 == 0, i % 3 != 0, extras});
  }
  // Beyond the length up to which maps are kept for the backward pass.
  for (int extras = 0; extras < 7; ++extras) {
    if (extras == kValueZeroing) continue;
    TinyConfig config;
    config.max_position_embeddings = 600;
    config.vocab_size = 300;
    cases.push_back({config, 600, extras % 2 == 0, /*wants_gradient=*/true, extras});
  }
  return cases;
}

TEST(Cost, IsNeverLessThanWhatAPassAllocatesAndNotManyTimesMore) {
  double sum_of_ratios = 0;
  const std::vector<Case> cases = RandomCases();
  for (const Case& c : cases) {
    const auto engine = LoadEngine(WriteTinyModel("cost", c.config), {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(engine, IsOk());
    Row row = RandomRow(c.config, c.length, 3, AnyTarget(c.config));
    if (!c.wants_maps) row.wanted.attention_layers.clear();
    if (!c.wants_gradient) row.wanted = {.attention_layers = row.wanted.attention_layers};
    AddExtras(c, &row);
    ASSERT_THAT((*engine)->Check(row), IsOk());
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
        << c.config.architecture << ", " << c.length << " tokens, hidden " << c.config.hidden_size << ", layers "
        << c.config.num_hidden_layers << ", heads " << c.config.num_attention_heads << ", backward " << c.wants_gradient
        << ", extras " << c.extras;
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
  Row row = RandomRow(config, 33, 3, {.kind = Target::Kind::kClass});
  row.wanted.value_zeroing = row.wanted.layer_gradient_x_activation = true;
  row.wanted.hidden_states = {1, 3};
  row.wanted.layer_gradient_dot = States(config, 33);
  row.wanted.gradient_dots = {Zeros(33), Zeros(33)};
  const Row* rows[] = {&row};

  const auto results = (*engine)->Run(rows, nullptr);

  ASSERT_THAT(results, IsOk());
  const RowResult& result = results->front();
  size_t floats = result.prediction.logits.size() + result.head_mean_attention.values.size() +
                  result.gradient_attention.values.size() + result.head_importance.values.size() +
                  result.value_zeroing.values.size() + result.layer_gradient_x_activation.values.size() +
                  result.layer_gradient_dot.values.size();
  for (const auto* list : {&result.attention, &result.hidden_states, &result.gradient_dots}) {
    for (const HostTensor& array : *list) floats += array.values.size();
  }
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
