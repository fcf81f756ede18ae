#include "lib/sanity/rank_correlation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace limpid::client {
namespace {

using testing::DoubleNear;
using testing::Optional;

std::optional<double> Correlation(const std::vector<float>& first, const std::vector<float>& second) {
  return RankCorrelation(first, second);
}

TEST(RankCorrelation, LooksAtTheOrderAlone) {
  EXPECT_THAT(Correlation({1, 2, 3, 400}, {-9, 0, 0.1f, 0.2f}), Optional(DoubleNear(1, 1e-12)));
  EXPECT_THAT(Correlation({1, 2, 3, 400}, {4, 3, 2, 1}), Optional(DoubleNear(-1, 1e-12)));
}

// Truth: scipy.stats.spearmanr.
TEST(RankCorrelation, EqualValuesShareTheMeanOfTheirRanks) {
  EXPECT_THAT(Correlation({1, 2, 2, 3}, {1, 3, 2, 4}), Optional(DoubleNear(0.9486832980505138, 1e-12)));
  EXPECT_THAT(Correlation({5, 0, 0, 0, 7, 5}, {1, 2, 2, 9, 3, 3}), Optional(DoubleNear(0.015891043154093204, 1e-12)));
}

TEST(RankCorrelation, ThereIsNoneWithoutVariance) {
  EXPECT_EQ(Correlation({1, 2, 3}, {4, 4, 4}), std::nullopt);
  EXPECT_EQ(Correlation({0, 0, 0}, {1, 2, 3}), std::nullopt);
  EXPECT_EQ(Correlation({}, {}), std::nullopt);
}

TEST(RankCorrelation, ThereIsNoneOfValuesThatAreNotFinite) {
  EXPECT_EQ(Correlation({1, NAN, 3}, {1, 2, 3}), std::nullopt);
  EXPECT_EQ(Correlation({1, 2, 3}, {1, 2, std::numeric_limits<float>::infinity()}), std::nullopt);
}

}  // namespace
}  // namespace limpid::client
