#include "engine/pass/shards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace limpid::engine {
namespace {

using ::testing::ElementsAre;

// Each row a text of its own.
struct Rows {
  explicit Rows(const std::vector<size_t>& lengths) {
    for (size_t length : lengths) rows.emplace_back().token_ids.assign(length, static_cast<int32_t>(rows.size()));
    for (const Row& row : rows) pointers.push_back(&row);
  }
  size_t Tokens(const std::vector<size_t>& shard) const {
    size_t tokens = 0;
    for (size_t row : shard) tokens += rows[row].token_ids.size();
    return tokens;
  }
  std::vector<Row> rows;
  std::vector<const Row*> pointers;
};

std::vector<size_t> Flat(const std::vector<std::vector<size_t>>& shards) {
  std::vector<size_t> all;
  for (const auto& shard : shards) all.insert(all.end(), shard.begin(), shard.end());
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Shards, EachRowIsInOneShardAndNoShardIsMuchLargerThanAnother) {
  std::vector<size_t> lengths;
  for (size_t i = 0; i < 100; ++i) lengths.push_back(1 + i * i % 97);
  const Rows rows(lengths);

  const auto shards = CutIntoShards(rows.pointers, 4);

  std::vector<size_t> all(100);
  std::iota(all.begin(), all.end(), size_t{0});
  EXPECT_EQ(Flat(shards), all);
  EXPECT_GE(shards.size(), 4);
  for (const auto& shard : shards) {
    EXPECT_TRUE(std::is_sorted(shard.begin(), shard.end()));
    EXPECT_LT(rows.Tokens(shards.front()) - rows.Tokens(shard), 97);
  }
}

TEST(Shards, ABatchWithFewerRowsThanThreadsStaysWhole) {
  const Rows rows({200, 300, 250});

  EXPECT_THAT(CutIntoShards(rows.pointers, 4), ElementsAre(ElementsAre(0, 1, 2)));
}

TEST(Shards, ABatchOfFewTokensStaysWhole) {
  const Rows rows({5, 6, 7, 8});

  EXPECT_THAT(CutIntoShards(rows.pointers, 2), ElementsAre(ElementsAre(0, 1, 2, 3)));
}

TEST(Shards, RowsWithAGradientCountTwice) {
  Rows rows({100, 100, 100, 100});
  rows.rows[0].wanted.head_importance = true;

  EXPECT_THAT(CutIntoShards(rows.pointers, 2), ElementsAre(ElementsAre(0, 3), ElementsAre(1, 2)));
}

TEST(Shards, OneThreadStillGetsShardsThatFitItsCache) {
  const Rows rows(std::vector<size_t>(32, 100));

  const auto shards = CutIntoShards(rows.pointers, 1);

  EXPECT_GT(shards.size(), 1);
  EXPECT_LE(rows.Tokens(shards.front()), 500);
}

TEST(Shards, WithoutThreadsNothingIsCut) {
  const Rows rows(std::vector<size_t>(100, 60));
  EXPECT_EQ(CutIntoShards(rows.pointers, 0).size(), 1u);
  EXPECT_EQ(PlanWaves(rows.pointers, 0).size(), 1u);
}

TEST(Shards, RowsOfOneInputStayTogether) {
  Rows rows({100, 90, 100, 100, 80, 100});
  for (const size_t row : {2, 5}) rows.rows[row].token_ids = rows.rows[0].token_ids;

  EXPECT_THAT(CutIntoShards(rows.pointers, 2), ElementsAre(ElementsAre(0, 2, 5), ElementsAre(1, 3, 4)));
}

// Of each shard, what its rows have in common.
void ExpectOneKindEach(const Rows& rows, const Wave& wave) {
  for (const std::vector<size_t>& shard : wave) {
    const Row& first = rows.rows[shard.front()];
    for (size_t row : shard) {
      EXPECT_EQ(rows.rows[row].wanted.needs_backward(), first.wanted.needs_backward());
      if (!first.wanted.needs_backward()) continue;
      EXPECT_EQ(rows.rows[row].backward_rule, first.backward_rule);
    }
  }
}

TEST(Waves, NoShardMixesRulesOrRowsWithAndWithoutAGradient) {
  Rows rows(std::vector<size_t>(40, 60));
  const BackwardRule rules[] = {BackwardRule::kGradient, BackwardRule::kAttnLrp, BackwardRule::kCpLrp};
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    rows.rows[i].wanted.head_importance = i % 4 != 0;
    rows.rows[i].backward_rule = rules[i % 3];
  }

  const std::vector<Wave> waves = PlanWaves(rows.pointers, 2);

  ASSERT_EQ(waves.size(), 1);
  ExpectOneKindEach(rows, waves[0]);
  std::vector<size_t> all = Flat(waves[0]);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
  EXPECT_EQ(all.size(), 40);
}

TEST(Waves, FewRowsOfTwoKindsEachHaveAllThreads) {
  Rows rows({20, 20, 20});
  rows.rows[1].wanted.head_importance = true;

  const std::vector<Wave> waves = PlanWaves(rows.pointers, 16);

  EXPECT_THAT(waves, ElementsAre(ElementsAre(ElementsAre(1)), ElementsAre(ElementsAre(0, 2))));
}

}  // namespace
}  // namespace limpid::engine
