#include "lib/sanity/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace limpid::client {
namespace {

// Ranks less their mean, so that they sum to 0.
std::vector<double> CenteredRanks(std::span<const float> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  const double mean = (static_cast<double>(values.size()) - 1) / 2;
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = static_cast<double>(begin + end - 1) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = shared - mean;
  }
  return ranks;
}

bool AllFinite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

std::optional<double> RankCorrelation(std::span<const float> first, std::span<const float> second) {
  if (!AllFinite(first) || !AllFinite(second)) return std::nullopt;
  const std::vector<double> a = CenteredRanks(first), b = CenteredRanks(second);
  const auto product = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  // Half ranks are exact, so no variance is exactly 0.
  const double variances = product(a, a) * product(b, b);
  if (variances == 0) return std::nullopt;
  return product(a, b) / std::sqrt(variances);
}

}  // namespace limpid::client
