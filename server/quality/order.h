#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace limpid::quality {

// The words of a text, all of them, the one that comes first first.
using Order = std::vector<size_t>;

// By descending score; of equal ones in the order of the text.
Order Ranking(std::span<const float> scores);

// Of a text with so many words. The k-th depends on (seed, k) and the number of words only, so that all methods of a
// request are held against the same orders and share their rows.
std::vector<Order> RandomOrders(size_t num_words, uint32_t count, uint64_t seed);

// The same scores given to the words anew: the highest to the first of the order.
std::vector<float> Dealt(std::span<const float> scores, const Order& order);

// How many words are the top `share` of so many: at least one.
size_t TopCount(double share, size_t num_words);

// Marks the first `count` of an order. [words]
std::vector<bool> FirstOf(const Order& order, size_t count);
// Marks all but those.
std::vector<bool> AllButFirstOf(const Order& order, size_t count);

}  // namespace limpid::quality
