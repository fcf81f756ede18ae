#pragma once

#include <cstddef>
#include <string>

#include "lib/compare/comparison.h"
#include "lib/json.h"
#include "lib/render/palette.h"

namespace limpid::client {

// The prediction of each answer, the text once a row as a heatmap (without colour: the row's strongest pieces), then
// how far the rows agree and, where it was asked for, how far each can be trusted.
std::string ComparisonReport(const Comparison& comparison, const Palette& palette, size_t columns);

// {"request", "rows", "rank_correlations", "top", "top_in_common", "shared_pieces", "without_scores", "answers"}; the
// three in the middle are [rows][rows].
Json ComparisonJson(const Comparison& comparison);

}  // namespace limpid::client
