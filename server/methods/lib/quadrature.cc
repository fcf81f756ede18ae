#include "methods/lib/quadrature.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace limpid::methods {
namespace {

constexpr double kPi = std::numbers::pi;

// The Legendre polynomial of this degree and its derivative at x, by the three-term recurrence.
std::pair<double, double> Legendre(size_t degree, double x) {
  double before = 1, value = x;
  for (size_t k = 2; k <= degree; ++k) {
    const auto n = static_cast<double>(k);
    before = std::exchange(value, ((2 * n - 1) * x * value - (n - 1) * before) / n);
  }
  return {value, static_cast<double>(degree) * (x * value - before) / (x * x - 1)};
}

// Of PathQuadrature: how evenly the nodes are spread (0: not at all, 1: evenly), and where they are drawn to.
constexpr double kEvenness = 0.95, kPole = 0.3, kPoleDistance = 0.25;

// alpha(u) and its derivative.
std::pair<double, double> AlphaOf(double u) {
  const double sine = kEvenness * (2 * u - 1), range = std::asin(kEvenness);
  const double even = (1 + std::asin(sine) / range) / 2, even_slope = kEvenness / (range * std::sqrt(1 - sine * sine));
  const double begin = std::asinh(kPole / kPoleDistance);
  const double width = begin + std::asinh((1 - kPole) / kPoleDistance);
  const double alpha = kPole + kPoleDistance * std::sinh(width * even - begin);
  return {alpha, kPoleDistance * width * std::cosh(width * even - begin) * even_slope};
}

}  // namespace

Quadrature GaussLegendre(size_t count) {
  Quadrature rule;
  const auto n = static_cast<double>(count);
  for (size_t i = count; i-- > 0;) {
    double x = std::cos(kPi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    // Newton's steps double the digits; the first guess has three.
    for (int step = 0; step < 5; ++step) {
      const auto [value, slope] = Legendre(count, x);
      x -= value / slope;
    }
    const double slope = Legendre(count, x).second;
    rule.nodes.push_back((1 + x) / 2);
    rule.weights.push_back(1 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

Quadrature ClenshawCurtis(size_t intervals) {
  Quadrature rule;
  const auto n = static_cast<double>(intervals);
  for (size_t k = 0; k <= intervals; ++k) {
    const double angle = static_cast<double>(k) * kPi / n;
    double weight = 1 - std::cos(n * angle) / (n * n - 1);
    for (size_t j = 1; j < intervals / 2; ++j) {
      const auto m = static_cast<double>(j);
      weight -= 2 * std::cos(2 * m * angle) / (4 * m * m - 1);
    }
    const bool is_end = k == 0 || k == intervals;
    rule.nodes.push_back((1 - std::cos(angle)) / 2);
    rule.weights.push_back(is_end ? 1 / (2 * (n * n - 1)) : weight / n);
  }
  return rule;
}

Quadrature PathQuadrature(size_t intervals) {
  Quadrature rule = ClenshawCurtis(intervals);
  double sum = 0;
  for (size_t k = 0; k <= intervals; ++k) {
    const auto [alpha, slope] = AlphaOf(rule.nodes[k]);
    rule.nodes[k] = alpha;
    rule.weights[k] *= slope;
    sum += rule.weights[k];
  }
  rule.nodes.front() = 0;
  rule.nodes.back() = 1;
  for (double& weight : rule.weights) weight /= sum;
  return rule;
}

}  // namespace limpid::methods
