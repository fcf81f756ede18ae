#include "explain/attention_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/tensors.h"
#include "explain/top_keys.h"
#include "support/fake_engine.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using testing::ClassifierCard;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
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

std::vector<float> Row(const AttentionEvent& event, size_t row) {
  const std::span<const float> values = RowOf(event.maps, row);
  return {values.begin(), values.end()};
}

TEST(AttentionPlan, TopKNamesTheLargestKeysOfEachRow) {
  const auto maps = MakeTensor({2, 4, 4}, {.1f, .2f, .4f, .3f, .5f, 0,   .5f, 0, 0, 0, 0, 1, .25f, .25f, .25f, .25f,
                                           .7f, .1f, .1f, .1f, 0,   .9f, .1f, 0, 0, 0, 1, 0, .3f,  .2f,  .1f,  .4f});
  const auto plan = Create({.layers = {0}, .heads = {1, 0}, .top_k = 2});
  ASSERT_THAT(plan, IsOk());

  const AttentionEvent event = plan->MakeEvent(0, maps);

  EXPECT_THAT(event.maps.shape, ElementsAre(2, 4, 2));
  EXPECT_THAT(Row(event, 3), ElementsAre(.4f, .3f)) << "head 1 comes first, as asked";
  EXPECT_THAT(Row(event, 4), ElementsAre(.4f, .3f));
  EXPECT_THAT(Row(event, 5), ElementsAre(.5f, .5f));
  EXPECT_THAT(*event.key_positions, ElementsAre(0, 1, 1, 2, 2, 0, 3, 0,  //
                                                2, 3, 0, 2, 3, 0, 0, 1))
      << "of equal keys the lower one first";
}

TEST(AttentionPlan, TopKComesAfterTheMean) {
  const auto maps = MakeTensor({2, 4, 4}, {1, 0,   0,   0, 1, 0,   0,   0, 1, 0,   0,   0, 1, 0,   0,   0,  //
                                           0, .2f, .8f, 0, 0, .2f, .8f, 0, 0, .2f, .8f, 0, 0, .2f, .8f, 0});
  const auto plan = Create({.layers = {0}, .heads = {}, .mean_over_heads = true, .top_k = 2});
  ASSERT_THAT(plan, IsOk());

  const AttentionEvent event = plan->MakeEvent(0, maps);

  EXPECT_THAT(event.maps.shape, ElementsAre(1, 4, 2));
  EXPECT_THAT(Row(event, 0), ElementsAre(.5f, .4f));
  EXPECT_THAT(*event.key_positions, ElementsAre(0, 2, 0, 2, 0, 2, 0, 2));
}

TEST(AttentionPlan, TopKBeyondTheTokensIsAllOfThem) {
  const engine::HostTensor maps = MapsOf(0);
  const AttentionEvent event = Create({.layers = {0}, .heads = {}, .top_k = 1000})->MakeEvent(0, maps);

  ASSERT_THAT(event.maps.shape, ElementsAre(2, 4, 4));
  for (size_t i = 0; i < event.maps.values.size(); ++i) {
    EXPECT_EQ(event.maps.values[i], RowOf(maps, i / 4)[(*event.key_positions)[i]]);
  }
}

TEST(AttentionPlan, FewAndManyKeysAreFoundAlike) {
  constexpr int64_t kTokens = 40;
  const engine::HostTensor maps = testing::FakeTensor({1, kTokens, kTokens}, 7);
  const std::vector<int32_t> heads = {0};

  const TopKeys all = FindTopKeys(maps, heads, kTokens);

  for (const size_t k : {1, 24, 25, 39}) {
    const TopKeys some = FindTopKeys(maps, heads, k);
    for (size_t row = 0; row < kTokens; ++row) {
      EXPECT_THAT(RowOf(some.values, row), ElementsAreArray(RowOf(all.values, row).first(k)));
      for (size_t i = 0; i < k; ++i) {
        EXPECT_EQ((*some.positions)[row * k + i], (*all.positions)[row * kTokens + i]);
      }
    }
  }
  for (size_t i = 1; i < kTokens; ++i) EXPECT_GE(RowOf(all.values, 0)[i - 1], RowOf(all.values, 0)[i]);
}

TEST(AttentionPlan, TopKRefusesTextsWithMoreTokensThanPositions) {
  const AttentionSelection selection = {.layers = {0}, .heads = {0}, .top_k = 1};
  EXPECT_THAT(AttentionPlan::Create(selection, ClassifierCard(), 65536, kNoLimit), IsOk());
  EXPECT_THAT(
      AttentionPlan::Create(selection, ClassifierCard(), 65537, kNoLimit),
      StatusIs(kInvalid, "attention.top_k: the text has 65537 tokens, at most 65536 have a position of 16 bits"));
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
  EXPECT_EQ(bytes({.layers = {}, .heads = {}, .top_k = 3}), 3 * 2 * 4 * 3 * (4 + 2));
  EXPECT_EQ(bytes({.layers = {}, .heads = {}, .encoding = Encoding::kFloat16, .top_k = 1000}), 3 * 2 * 16 * (2 + 2));
}

TEST(AttentionPlan, CountsTheBytesOfWhatIsNotThePassesOwn) {
  const auto bytes = [](const AttentionSelection& selection) { return Create(selection)->copied_bytes(); };

  EXPECT_EQ(bytes({}), 0u);
  EXPECT_EQ(bytes({.layers = {}, .heads = {}, .mean_over_heads = true}), 3 * 16 * 4);
  // Converted as it leaves.
  EXPECT_EQ(bytes({.layers = {}, .heads = {}, .encoding = Encoding::kFloat16, .top_k = 3}), 3 * 2 * 4 * 3 * (4 + 2));
}

TEST(AttentionPlan, RefusesAnAnswerLargerThanTheLimit) {
  EXPECT_THAT(Create({}, 384), IsOk());
  EXPECT_THAT(Create({}, 383),
              StatusIs(kInvalid, HasSubstr("attention: 6 maps of 4 tokens have 384 bytes, at most 383 are allowed")));
}

}  // namespace
}  // namespace limpid::explain
