// What passes take from the system, and what they keep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "engine/arena.h"
#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

std::unique_ptr<Engine> Load(const TinyConfig& config, const EngineOptions& options) {
  auto engine = LoadEngine(WriteTinyModel("memory", config), options);
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

TEST(Memory, AWarmPassTakesNothingFromTheSystem) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "under AddressSanitizer nothing is kept";
#endif
  const TinyConfig config;
  const auto engine = Load(config, {.device = "cpu", .num_threads = 1});
  const std::vector<Row> rows = {RandomRow(config, 21, 1, {.kind = Target::Kind::kClass}),
                                 RandomRow(config, 40, 2, {.kind = Target::Kind::kClass})};
  RunRows(engine.get(), rows);
  const uint64_t before = Arena::Install().num_from_system();
  EXPECT_GT(before, 0U);

  RunRows(engine.get(), rows);

  EXPECT_EQ(Arena::Install().num_from_system(), before);
}

TEST(Memory, BlocksComeBackInTheirSizeAndAlignedWhoeverFreesThem) {
  Arena& arena = Arena::Install();
  for (const size_t size : {1, 64, 65, 1000, 1 << 20, (1 << 20) + 1}) {
    c10::DataPtr block = arena.allocate(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.get()) % 64, 0U);
    std::memset(block.get(), 1, size);
    std::thread([&block] { block.clear(); }).join();
  }
  EXPECT_EQ(arena.allocate(0).get(), nullptr);
}

TEST(Memory, BlocksOfOtherSizesGoBackBeforeMoreIsTakenThanWasEverInUse) {
  Arena& arena = Arena::Install();
  constexpr uint64_t kMiB = 1 << 20;
  for (const uint64_t size : {320, 64, 96, 128, 192, 256}) arena.allocate(size * kMiB);

  EXPECT_LE(arena.held_bytes(), 400 * kMiB);
}

TEST(Memory, LongRowsMakeTheirMapsAgainAndGetTheSameGradient) {
  TinyConfig config;
  config.max_position_embeddings = 700;
  const auto engine = Load(config, {.device = "cpu", .num_threads = 2});
  Row with_maps = RandomRow(config, 700, 1, {.kind = Target::Kind::kClass});
  Row without = with_maps;
  without.wanted.attention_layers.clear();
  without.wanted.head_mean_attention = false;

  const auto kept = RunRows(engine.get(), {with_maps});
  const auto made_again = RunRows(engine.get(), {without});

  EXPECT_EQ(kept[0].attention.size(), 3U);
  EXPECT_EQ(kept[0].gradients[0].values.size(), made_again[0].gradients[0].values.size());
  EXPECT_TRUE(std::ranges::equal(kept[0].gradients[0].values, made_again[0].gradients[0].values));
  EXPECT_LT(engine->Cost(700, without.wanted).peak_bytes, engine->Cost(700, with_maps.wanted).peak_bytes);
}

TEST(Memory, MappedWeightsGiveTheSameBits) {
  const TinyConfig config;
  const std::vector<Row> rows = {RandomRow(config, 21, 1, {.kind = Target::Kind::kClass})};
  const auto read = RunRows(Load(config, {.device = "cpu", .num_threads = 1}).get(), rows);
  const auto mapped = RunRows(Load(config, {.device = "cpu", .num_threads = 1, .map_weights = true}).get(), rows);

  EXPECT_EQ(read[0].prediction.logits, mapped[0].prediction.logits);
  EXPECT_TRUE(std::ranges::equal(read[0].gradients[0].values, mapped[0].gradients[0].values));
}

}  // namespace
}  // namespace limpid::engine
