#include "methods/lib/coalitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "methods/lib/least_squares.h"

namespace limpid::methods {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

size_t Size(const Coalition& kept) { return static_cast<size_t>(std::count(kept.begin(), kept.end(), true)); }

TEST(Coalitions, MoreSamplesBeginWithTheFewer) {
  for (const auto draw : {LimeCoalitions, ShapleyCoalitions}) {
    const std::vector<Coalition> few = draw(9, 21, 5);
    std::vector<Coalition> many = draw(9, 300, 5);
    ASSERT_EQ(few.size(), 21u);
    many.resize(21);
    EXPECT_EQ(few, many);
  }
}

TEST(Coalitions, OfLimeTakeOutAnyNumberOfUnitsAsOften) {
  const std::vector<Coalition> coalitions = LimeCoalitions(5, 8192, 1);
  EXPECT_EQ(Size(coalitions.front()), 5u);
  std::map<size_t, int> count;
  for (size_t i = 1; i < coalitions.size(); ++i) ++count[Size(coalitions[i])];
  for (size_t size = 0; size < 5; ++size) EXPECT_NEAR(count[size], 8192 / 5, 5 * 36) << size;  // 5 deviations
}

TEST(Coalitions, OfTheShapleyKernelComeInPairsWithItsSizes) {
  const std::vector<Coalition> coalitions = ShapleyCoalitions(5, 8192, 1);
  std::map<size_t, int> count;
  for (size_t i = 2; i < coalitions.size(); i += 2) {
    Coalition complement = coalitions[i + 1];
    complement.flip();
    ASSERT_EQ(coalitions[i], complement);
    ++count[Size(coalitions[i])];
  }
  // 1/4 : 1/6 : 1/6 : 1/4 of 4095.
  for (size_t size : {1, 4}) EXPECT_NEAR(count[size], 4095 * 0.3, 5 * 30) << size;
  for (size_t size : {2, 3}) EXPECT_NEAR(count[size], 4095 * 0.2, 5 * 26) << size;
}

TEST(EfficientLeastSquares, IsAsNearToEqualSharesAsWhatIsKnownAllows) {
  // Of units 0 and 1 something is known; of 2 and 3, only what both are worth.
  const std::vector<Coalition> coalitions = {{0, 0, 0, 0}, {1, 1, 1, 1}, {1, 0, 0, 0},
                                             {0, 1, 1, 1}, {1, 1, 0, 0}, {0, 0, 1, 1}};
  const std::vector<double> values = {1, 21, 5, 17, 7, 15};
  EXPECT_THAT(EfficientLeastSquares(coalitions, values), Pointwise(DoubleNear(1e-12), std::vector<double>{4, 2, 7, 7}));
}

TEST(EfficientLeastSquares, HasRoomForAsManyUnitsAsAModelHasTokens) {
  const std::vector<Coalition> coalitions = ShapleyCoalitions(510, 1100, 1);
  std::vector<double> values;
  for (const Coalition& kept : coalitions) values.push_back(static_cast<double>(Size(kept)) + (kept[7] ? 3 : 0));
  const std::vector<double> scores = EfficientLeastSquares(coalitions, values);
  EXPECT_NEAR(scores[7], 4, 1e-6);
  EXPECT_NEAR(scores[8], 1, 1e-6);
}

}  // namespace
}  // namespace limpid::methods
