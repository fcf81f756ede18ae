#include "methods/lib/quadrature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace limpid::methods {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

double Integral(const Quadrature& rule, const std::function<double(double)>& function) {
  double sum = 0;
  for (size_t k = 0; k < rule.nodes.size(); ++k) sum += rule.weights[k] * function(rule.nodes[k]);
  return sum;
}

// Of x^degree.
double ErrorAt(const Quadrature& rule, int degree) {
  return std::abs(Integral(rule, [&](double x) { return std::pow(x, degree); }) - 1.0 / (degree + 1));
}

TEST(GaussLegendre, HasTheNodesAndWeightsOfTheTables) {
  const double at = 0.5 - 0.5 * std::sqrt(0.6);
  const Quadrature rule = GaussLegendre(3);

  EXPECT_THAT(rule.nodes, ElementsAre(DoubleNear(at, 1e-15), DoubleNear(0.5, 1e-15), DoubleNear(1 - at, 1e-15)));
  EXPECT_THAT(rule.weights,
              ElementsAre(DoubleNear(5.0 / 18, 1e-15), DoubleNear(8.0 / 18, 1e-15), DoubleNear(5.0 / 18, 1e-15)));
  EXPECT_THAT(GaussLegendre(1).nodes, ElementsAre(DoubleNear(0.5, 1e-15)));
}

TEST(GaussLegendre, IsExactForPolynomialsOfTwiceItsDegree) {
  for (int count : {1, 2, 5, 20, 50}) {
    const Quadrature rule = GaussLegendre(static_cast<size_t>(count));
    EXPECT_LT(ErrorAt(rule, 2 * count - 1), 1e-14) << count;
  }
  EXPECT_GT(ErrorAt(GaussLegendre(5), 10), 1e-7) << "and for no others";
}

TEST(GaussLegendre, HoldsAtManyNodes) {
  const Quadrature rule = GaussLegendre(512);

  EXPECT_TRUE(std::is_sorted(rule.nodes.begin(), rule.nodes.end()));
  EXPECT_NEAR(std::accumulate(rule.weights.begin(), rule.weights.end(), 0.0), 1, 1e-13);
  EXPECT_LT(ErrorAt(rule, 1000), 1e-13);
}

TEST(ClenshawCurtis, IsSimpsonsRuleWithTwoIntervals) {
  const Quadrature rule = ClenshawCurtis(2);

  EXPECT_THAT(rule.nodes, ElementsAre(DoubleNear(0, 1e-15), DoubleNear(0.5, 1e-15), DoubleNear(1, 1e-15)));
  EXPECT_THAT(rule.weights,
              ElementsAre(DoubleNear(1.0 / 6, 1e-15), DoubleNear(4.0 / 6, 1e-15), DoubleNear(1.0 / 6, 1e-15)));
}

TEST(ClenshawCurtis, IsExactForPolynomialsOfItsDegree) {
  for (int intervals : {2, 4, 8, 32}) {
    const Quadrature rule = ClenshawCurtis(static_cast<size_t>(intervals));
    for (int degree = 0; degree <= intervals + 1; ++degree) EXPECT_LT(ErrorAt(rule, degree), 1e-14) << degree;
  }
  EXPECT_GT(ErrorAt(ClenshawCurtis(4), 6), 1e-5);
}

TEST(NestedRules, KeepTheNodesOfHalfTheIntervals) {
  for (const auto& make : {ClenshawCurtis, PathQuadrature}) {
    const Quadrature fine = make(64), coarse = make(32);
    std::vector<double> others;
    for (size_t k = 0; k < fine.nodes.size(); k += 2) others.push_back(fine.nodes[k]);

    EXPECT_THAT(others, Pointwise(DoubleNear(1e-15), coarse.nodes));
    EXPECT_TRUE(std::is_sorted(fine.nodes.begin(), fine.nodes.end()));
    EXPECT_EQ(fine.nodes.front(), 0);
    EXPECT_EQ(fine.nodes.back(), 1);
  }
}

TEST(PathQuadrature, ConvergesToTheIntegral) {
  EXPECT_LT(ErrorAt(PathQuadrature(4), 0), 1e-15) << "constants are exact";
  double last = 1;
  for (size_t intervals : {4, 8, 16, 32, 64}) {
    const double error = ErrorAt(PathQuadrature(intervals), 3);
    EXPECT_LT(error, last / 5) << intervals;
    last = error;
  }
  EXPECT_LT(last, 1e-13);
}

TEST(PathQuadrature, NeedsFewerNodesWhereThePathTurnsEarly) {
  const auto turn = [](double x) { return 1 / (1 + std::pow((x - 0.35) / 0.12, 2)); };
  const double exact = 0.12 * (std::atan(0.65 / 0.12) + std::atan(0.35 / 0.12));

  const double ours = std::abs(Integral(PathQuadrature(16), turn) - exact);
  const double plain = std::abs(Integral(ClenshawCurtis(16), turn) - exact);

  EXPECT_LT(ours, plain / 5);
}

}  // namespace
}  // namespace limpid::methods
