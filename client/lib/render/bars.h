#pragma once

#include <cstddef>
#include <string>

namespace limpid::client {

// A bar from the left for `share` in [0, 1], `columns` wide at 1, to half a column; not padded. Any share above 0
// shows.
std::string Bar(double share, size_t columns);

// A bar to the right of a middle line for `share` in [0, 1], to its left for [-1, 0]: always 2 * columns + 1 wide.
std::string TwoSidedBar(double share, size_t columns);

// A score in a list: four digits of the list's `largest` size, and as many places after the point for all.
std::string ScoreText(double score, double largest, bool is_signed);

// "97.3 %"; never rounds to 100.0 or 0.0 what is not.
std::string Percent(double share);

}  // namespace limpid::client
