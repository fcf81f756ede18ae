#include "methods/lib/nested_integral.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "methods/lib/completeness.h"

namespace limpid::methods {
namespace {

using ::testing::Each;
using ::testing::FloatEq;
using ::testing::SizeIs;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

// Tokens whose shares of F rise at alpha = `at`, the steeper the smaller `width`, and one whose share goes the other
// way.
struct Turn {
  double at, width;

  double Logistic(double alpha, double shift) const { return 1 / (1 + std::exp(-(alpha - at - shift) / width)); }
  double Share(size_t token, double alpha) const {
    const double sizes[] = {1, 0.5, -0.8};
    return sizes[token] * Logistic(alpha, 0.1 * static_cast<double>(token));
  }
  double F(double alpha) const { return 2 + Share(0, alpha) + Share(1, alpha) + Share(2, alpha); }
  std::vector<float> Slopes(double alpha) const {
    std::vector<float> slopes;
    for (size_t t = 0; t < 3; ++t) {
      const double size = Share(t, alpha) / Logistic(alpha, 0.1 * static_cast<double>(t));
      const double logistic = Share(t, alpha) / size;
      slopes.push_back(static_cast<float>(size * logistic * (1 - logistic) / width));
    }
    return slopes;
  }

  // Of the scores, relative.
  double ErrorOf(const std::vector<double>& scores) const {
    double error = 0, size = 0;
    for (size_t t = 0; t < 3; ++t) {
      const double exact = Share(t, 1) - Share(t, 0);
      error += std::abs(scores[t] - exact);
      size += std::abs(exact);
    }
    return error / size;
  }
};

class NestedIntegralTest : public ::testing::Test {
 protected:
  // Until it is done; the nodes that were asked for.
  static std::vector<float> Run(const Turn& turn, size_t most_at_once, NestedIntegral* path) {
    std::vector<float> asked;
    path->SetEnd(turn.Slopes(1), static_cast<float>(turn.F(1)));
    while (!path->IsDone()) {
      for (float alpha : path->NextNodes(most_at_once)) {
        asked.push_back(alpha);
        path->Add(turn.Slopes(alpha), static_cast<float>(turn.F(alpha)));
      }
    }
    return asked;
  }
};

TEST_F(NestedIntegralTest, TheErrorsReportedAreNoLessThanTheTrueOnes) {
  for (float tolerance : {1e-1f, 1e-2f, 1e-3f, 1e-4f}) {
    for (double at : {0.1, 0.35, 0.6, 0.9}) {
      for (double width : {0.3, 0.1, 0.05}) {
        const Turn turn{at, width};
        NestedIntegral path(512, tolerance);
        Run(turn, kAll, &path);

        SCOPED_TRACE(::testing::Message() << "turn at " << at << " of " << width << ", tolerance " << tolerance);
        ASSERT_TRUE(path.completeness().is_certified);
        EXPECT_LE(turn.ErrorOf(path.scores()), tolerance);
        EXPECT_LE(path.completeness().error, tolerance);
        EXPECT_LE(path.completeness().refinement_error, tolerance);
      }
    }
  }
}

TEST_F(NestedIntegralTest, LooksAtEachNodeOnce) {
  NestedIntegral path(512, 1e-5f);

  const std::vector<float> asked = Run({0.35, 0.05}, kAll, &path);

  EXPECT_EQ(std::set<float>(asked.begin(), asked.end()).size(), asked.size());
  EXPECT_THAT(asked, Each(::testing::Lt(1)));
  EXPECT_EQ(asked.front(), 0);
  EXPECT_EQ(path.num_nodes(), asked.size() + 1);
}

TEST_F(NestedIntegralTest, IsTheSameWithSomeNodesAtATime) {
  NestedIntegral at_once(512, 1e-5f), some_at_a_time(512, 1e-5f);
  const Turn turn{0.5, 0.1};

  const std::vector<float> all = Run(turn, kAll, &at_once);
  const std::vector<float> some = Run(turn, 3, &some_at_a_time);

  EXPECT_EQ(all, some);
  EXPECT_EQ(at_once.scores(), some_at_a_time.scores());
}

TEST_F(NestedIntegralTest, StopsAtTheMostIntervalsWithoutACertificate) {
  NestedIntegral path(8, 1e-3f);

  Run({0.35, 0.02}, kAll, &path);

  EXPECT_EQ(path.num_nodes(), 9u);
  EXPECT_FALSE(path.completeness().is_certified);
  EXPECT_GT(path.completeness().error + path.completeness().refinement_error, 1e-3f);
}

TEST_F(NestedIntegralTest, TheScoresMayWanderWhileTheirSumStays) {
  // Two tokens that take from each other, so that the sum is right from the first node on.
  NestedIntegral path(512, 1e-3f);
  const Turn turn{0.35, 0.05};
  const auto values = [&](double alpha) {
    const float slope = turn.Slopes(alpha)[0];
    return std::vector<float>{1 + slope, 1 - slope};
  };
  path.SetEnd(values(1), 2);
  while (!path.IsDone()) {
    for (float alpha : path.NextNodes(kAll)) path.Add(values(alpha), 2 * alpha);
  }

  EXPECT_GT(path.num_nodes(), 9u);
  EXPECT_TRUE(path.completeness().is_certified);
  EXPECT_NEAR(path.scores()[0], 1 + turn.Share(0, 1) - turn.Share(0, 0), 2e-3);
}

TEST_F(NestedIntegralTest, NothingMovesWhereTheBaselineIsTheInput) {
  NestedIntegral path(128, 1e-3f);
  path.SetEnd({0, 0}, 4);
  for (float alpha : path.NextNodes(kAll)) {
    EXPECT_LT(alpha, 1);
    path.Add({0, 0}, 4);
  }

  EXPECT_TRUE(path.IsDone());
  EXPECT_TRUE(path.completeness().is_certified);
  EXPECT_THAT(path.scores(), Each(0));
}

TEST(CompletenessError, IsRelativeToTheDifference) {
  EXPECT_THAT(CompletenessError(1.1, 3, 2), FloatEq(0.1f));
  EXPECT_EQ(CompletenessError(0, 0, 0), 0);
}

TEST(CompletenessError, RoundingOfNearlyEqualValuesIsNoError) {
  EXPECT_LT(CompletenessError(1e-6, 5, 5), 1e-3f);
  EXPECT_GT(CompletenessError(0.1, 5, 5), 1);
}

}  // namespace
}  // namespace limpid::methods
