#include "quality/removal_beam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace limpid::quality {
namespace {

using Kept = RemovalBeam::Kept;

// A value of a set that hangs on which words are together.
double ValueOf(const Kept& is_kept) {
  double value = 0;
  for (size_t i = 0; i < is_kept.size(); ++i) {
    if (!is_kept[i]) continue;
    value += std::sin(static_cast<double>(3 * i + 1));
    for (size_t j = 0; j < i; ++j) value += is_kept[j] ? std::cos(static_cast<double>(5 * i + 7 * j)) : 0;
  }
  return value;
}

double Searched(size_t num_words, size_t width, RemovalBeam::Aim aim) {
  RemovalBeam beam(num_words, width, aim);
  for (size_t step = 0; step < num_words; ++step) {
    std::set<Kept> sets;
    beam.AddNext(&sets);
    std::map<Kept, double> seen;
    for (const Kept& set : sets) seen[set] = ValueOf(set);
    beam.Advance(seen);
  }
  return beam.sum();
}

// The least and the greatest over all orders.
std::pair<double, double> Bounds(size_t num_words) {
  std::vector<size_t> order(num_words);
  std::iota(order.begin(), order.end(), size_t{0});
  double least = 1e9, greatest = -1e9;
  do {
    Kept is_kept(num_words, true);
    double sum = 0;
    for (size_t word : order) {
      is_kept[word] = false;
      sum += ValueOf(is_kept);
    }
    least = std::min(least, sum);
    greatest = std::max(greatest, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return {least, greatest};
}

TEST(RemovalBeamTest, AWideBeamFindsTheBoundsOfAllOrders) {
  const auto [least, greatest] = Bounds(6);
  EXPECT_NEAR(Searched(6, 20, RemovalBeam::Aim::kLeast), least, 1e-9);
  EXPECT_NEAR(Searched(6, 20, RemovalBeam::Aim::kGreatest), greatest, 1e-9);
}

TEST(RemovalBeamTest, ANarrowOneIsGreedyAndStaysWithin) {
  const auto [least, greatest] = Bounds(6);
  const double low = Searched(6, 1, RemovalBeam::Aim::kLeast), high = Searched(6, 1, RemovalBeam::Aim::kGreatest);
  EXPECT_GE(low, least - 1e-9);
  EXPECT_LE(high, greatest + 1e-9);
  EXPECT_LT(low, high);
}

}  // namespace
}  // namespace limpid::quality
