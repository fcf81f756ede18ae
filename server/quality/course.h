#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "engine/row.h"
#include "quality/gauge.h"

namespace limpid::quality {

// How many of an order's first words are taken out, or left alone, of a text of so many; each at least 1.
struct Cuts {
  std::set<size_t> without, only;
};

// p along one order of the words, at the cuts that were asked for.
struct Course {
  size_t num_words = 0;
  double whole = 0;                        // p of the whole text
  std::map<size_t, double> without, only;  // p without the first so many; with only these
};

// The order of the subject's own scores first, then its random ones.
std::vector<engine::Row> RowsOf(const Subject& subject, const Cuts& cuts);
// From the results of those rows.
std::vector<Course> CoursesOf(const Subject& subject, const Cuts& cuts, std::span<const engine::RowResult> rows);

// How many of the rows are different, as a rule.
uint32_t CountRows(const Cuts& cuts, size_t num_words, uint32_t random_orders);

}  // namespace limpid::quality
