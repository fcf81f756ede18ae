#pragma once

#include <span>

#include "explain/request.h"

namespace limpid::methods {

// One number of a token's gradient [d]: its L2 or L1 norm, the mean of its sizes, or its sum.
double Reduce(explain::Reduction reduction, std::span<const float> gradient);

// sum_d a_d * b_d
double Dot(std::span<const float> a, std::span<const float> b);

}  // namespace limpid::methods
