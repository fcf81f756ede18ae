#include "methods/lib/completeness.h"

#include <algorithm>
#include <cmath>

namespace limpid::methods {
namespace {

constexpr double kLeastDifference = 1e-3;

}  // namespace

float CompletenessError(double sum, double value, double baseline_value) {
  const double difference = value - baseline_value;
  const double least = kLeastDifference * std::max(std::abs(value), std::abs(baseline_value));
  const double scale = std::max(std::abs(difference), least);
  return scale == 0 ? 0 : static_cast<float>(std::abs(sum - difference) / scale);
}

}  // namespace limpid::methods
