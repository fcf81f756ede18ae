#pragma once

#include <span>
#include <vector>

#include "engine/row.h"
#include "explain/request.h"

namespace limpid::methods {

// One number of a token's gradient [d]: its L2 or L1 norm, the mean of its sizes, or its sum.
double Reduce(explain::Reduction reduction, std::span<const float> gradient);

// sum_d a_d * b_d
double Dot(std::span<const float> a, std::span<const float> b);

// [T]: sum_d x_d * g_d of each token's input and gradient at an attach point that the row was asked for.
std::vector<float> GradientXInputScores(const engine::RowResult& result, engine::AttachPoint attach_point);

}  // namespace limpid::methods
