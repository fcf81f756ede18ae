#include "explain/attention_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/tensors.h"
#include "support/fake_engine.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using testing::ClassifierCard;
using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;
using Encoding = AttentionSelection::Encoding;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr uint64_t kNoLimit = uint64_t{1} << 40;

// On a model of three layers and two heads, for a text of four tokens.
absl::StatusOr<AttentionPlan> Create(const AttentionSelection& selection, uint64_t max_bytes = kNoLimit) {
  return AttentionPlan::Create(selection, ClassifierCard(), 4, max_bytes);
}

// Maps of one layer of that text, [2, 4, 4].
engine::HostTensor MapsOf(int32_t layer) {
  engine::Row row;
  row.token_ids = {1, 2, 3, 4};
  row.wanted.attention_layers = {layer};
  return FakeEngine().ResultOf(row).attention.front();
}

TEST(AttentionPlan, AnEmptySelectionIsEverything) {
  const auto plan = Create({});
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(plan->layers(), ElementsAre(0, 1, 2));

  const engine::HostTensor maps = MapsOf(1);
  const AttentionEvent event = plan->MakeEvent(1, maps);

  EXPECT_EQ(event.layer, 1);
  EXPECT_THAT(event.heads, ElementsAre(0, 1));
  EXPECT_EQ(event.maps.values.data(), maps.values.data()) << "no copy";
}

TEST(AttentionPlan, LayersCountFromTheEndAndComeInOrderOnce) {
  const auto plan = Create({.layers = {-1, 0, 2}, .heads = {}});
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(plan->layers(), ElementsAre(0, 2));
}

TEST(AttentionPlan, HeadsKeepTheCallersOrder) {
  EXPECT_THAT(Create({.layers = {1}, .heads = {1, 0, 1}})->MakeEvent(1, MapsOf(1)).heads, ElementsAre(1, 0));
}

TEST(AttentionPlan, AnEventKnowsItsPlaceAmongTheLayersAskedFor) {
  const AttentionEvent event = Create({.layers = {0, 2}, .heads = {}})->MakeEvent(2, MapsOf(2));

  EXPECT_EQ(event.layer, 2);
  EXPECT_EQ(event.layer_index, 1);
  EXPECT_EQ(event.num_layers, 2);
}

TEST(AttentionPlan, AveragesTheChosenHeads) {
  const engine::HostTensor maps = MapsOf(0);
  const std::span<const float> values = maps.values;

  const auto mean = Create({.layers = {0}, .heads = {}, .mean_over_heads = true})->MakeEvent(0, maps);
  EXPECT_THAT(mean.maps.shape, ElementsAre(1, 4, 4));
  EXPECT_TRUE(mean.mean_over_heads);
  for (size_t i = 0; i < 16; ++i) EXPECT_FLOAT_EQ(mean.maps.values[i], (values[i] + values[16 + i]) / 2);

  const auto second = Create({.layers = {0}, .heads = {1}, .mean_over_heads = true})->MakeEvent(0, maps);
  EXPECT_THAT(second.heads, ElementsAre(1));
  for (size_t i = 0; i < 16; ++i) EXPECT_FLOAT_EQ(second.maps.values[i], values[16 + i]);
}

TEST(AttentionPlan, RefusesLayersAndHeadsThatTheModelLacks) {
  EXPECT_THAT(Create({.layers = {0, 3}, .heads = {}}),
              StatusIs(kInvalid, "attention.layers[1]: is 3, must be in [-3, 3)"));
  EXPECT_THAT(Create({.layers = {-4}, .heads = {}}),
              StatusIs(kInvalid, "attention.layers[0]: is -4, must be in [-3, 3)"));
  EXPECT_THAT(Create({.layers = {}, .heads = {2}}), StatusIs(kInvalid, "attention.heads[0]: is 2, must be in [0, 2)"));
  EXPECT_THAT(Create({.layers = {}, .heads = {-1}}),
              StatusIs(kInvalid, "attention.heads[0]: is -1, must be in [0, 2)"));
}

TEST(AttentionPlan, CountsTheBytesOfThePayload) {
  const auto bytes = [](const AttentionSelection& selection) { return Create(selection)->num_bytes(); };

  EXPECT_EQ(bytes({}), 3 * 2 * 16 * 4);
  EXPECT_EQ(bytes({.layers = {0}, .heads = {1}}), 16 * 4);
  EXPECT_EQ(bytes({.layers = {}, .heads = {}, .mean_over_heads = true}), 3 * 16 * 4);
  EXPECT_EQ(bytes({.layers = {}, .heads = {}, .mean_over_heads = false, .encoding = Encoding::kFloat16}),
            3 * 2 * 16 * 2);
}

TEST(AttentionPlan, RefusesAnAnswerLargerThanTheLimit) {
  EXPECT_THAT(Create({}, 384), IsOk());
  EXPECT_THAT(Create({}, 383),
              StatusIs(kInvalid, HasSubstr("attention: 6 maps of 4 tokens have 384 bytes, at most 383 are allowed")));
}

}  // namespace
}  // namespace limpid::explain
