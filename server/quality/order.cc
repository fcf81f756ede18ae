#include "quality/order.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/random.h"

namespace limpid::quality {
namespace {

// A share times a number of words that should be whole may lie a rounding above it.
constexpr double kRounding = 1e-9;

Order TextOrder(size_t num_words) {
  Order order(num_words);
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

}  // namespace

Order Ranking(std::span<const float> scores) {
  Order order = TextOrder(scores.size());
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  return order;
}

std::vector<Order> RandomOrders(size_t num_words, uint32_t count, uint64_t seed) {
  std::vector<Order> orders;
  for (uint32_t k = 0; k < count; ++k) {
    base::Random random(seed, k);
    Order& order = orders.emplace_back(TextOrder(num_words));
    for (size_t i = num_words; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  }
  return orders;
}

std::vector<float> Dealt(std::span<const float> scores, const Order& order) {
  const Order ranking = Ranking(scores);
  std::vector<float> dealt(scores.size());
  for (size_t k = 0; k < order.size(); ++k) dealt[order[k]] = scores[ranking[k]];
  return dealt;
}

size_t TopCount(double share, size_t num_words) {
  const double count = std::ceil(share * static_cast<double>(num_words) - kRounding);
  return std::max<size_t>(1, static_cast<size_t>(count));
}

std::vector<bool> FirstOf(const Order& order, size_t count) {
  std::vector<bool> marks(order.size(), false);
  for (size_t k = 0; k < count; ++k) marks[order[k]] = true;
  return marks;
}

std::vector<bool> AllButFirstOf(const Order& order, size_t count) {
  std::vector<bool> marks = FirstOf(order, count);
  marks.flip();
  return marks;
}

}  // namespace limpid::quality
