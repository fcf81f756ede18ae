#include "quality/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace limpid::quality {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ne;

TEST(OrderTest, RanksByDescendingScoreAndLeavesEqualOnesInTheOrderOfTheText) {
  EXPECT_THAT(Ranking(std::vector<float>{1, -3, 2, 1, 0}), ElementsAre(2, 0, 3, 4, 1));
}

TEST(OrderTest, TheTopShareIsRoundedUpAndNeverNone) {
  EXPECT_EQ(TopCount(0.01, 7), 1u);
  EXPECT_EQ(TopCount(0.2, 10), 2u) << "0.2 * 10 is a rounding above 2";
  EXPECT_EQ(TopCount(0.05, 60), 3u);
  EXPECT_EQ(TopCount(0.2, 11), 3u);
  EXPECT_EQ(TopCount(0.5, 1), 1u);
}

TEST(OrderTest, MarksTheFirstOrAllBut) {
  EXPECT_THAT(FirstOf({2, 0, 1}, 2), ElementsAre(true, false, true));
  EXPECT_THAT(AllButFirstOf({2, 0, 1}, 2), ElementsAre(false, true, false));
}

TEST(OrderTest, ARandomOrderHasEachWordOnceAndDoesNotHangOnHowManyThereAre) {
  const std::vector<Order> orders = RandomOrders(40, 3, 7);
  for (Order order : orders) {
    std::ranges::sort(order);
    Order all(40);
    std::iota(all.begin(), all.end(), size_t{0});
    EXPECT_EQ(order, all);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_EQ(RandomOrders(40, 1, 7)[0], orders[0]);
  EXPECT_THAT(RandomOrders(40, 3, 8), Each(Ne(orders[0])));
}

TEST(OrderTest, EachWordIsAsLikelyToComeFirst) {
  std::vector<int> firsts(5, 0);
  for (const Order& order : RandomOrders(5, 5000, 1)) ++firsts[order[0]];
  for (int count : firsts) EXPECT_NEAR(count, 1000, 5 * 28) << "five standard deviations";
}

TEST(OrderTest, DealsTheSameScoresTheHighestToTheFirst) {
  EXPECT_THAT(Dealt(std::vector<float>{5, 1, 3}, {1, 2, 0}), ElementsAre(1, 5, 3));
}

}  // namespace
}  // namespace limpid::quality
