#include "methods/lib/nested_integral.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "methods/lib/quadrature.h"

namespace limpid::methods {

std::vector<float> NestedIntegral::NextNodes() const {
  const bool is_first = values_.size() == 1;
  const size_t intervals = is_first ? kFirstIntervals : 2 * (values_.size() - 1);
  const std::vector<double> nodes = ClenshawCurtis(intervals).nodes;
  std::vector<float> next;
  // Every other node is known already.
  for (size_t k = is_first ? 0 : 1; k < intervals; k += is_first ? 1 : 2) next.push_back(static_cast<float>(nodes[k]));
  return next;
}

void NestedIntegral::SetEnd(std::vector<float> values, float f) {
  values_ = {std::move(values)};
  f_end_ = f;
}

void NestedIntegral::Add(std::vector<std::vector<float>> values, float f) {
  if (values_.size() == 1) {
    f_start_ = f;
    values.push_back(std::move(values_.front()));
    values_ = std::move(values);
    return;
  }
  std::vector<std::vector<float>> merged;
  for (size_t k = 0; k < values_.size(); ++k) {
    merged.push_back(std::move(values_[k]));
    if (k < values.size()) merged.push_back(std::move(values[k]));
  }
  values_ = std::move(merged);
}

bool NestedIntegral::IsDone() const {
  if (values_.size() <= 1) return false;
  return values_.size() - 1 >= max_intervals_ || completeness().is_certified;
}

std::vector<double> NestedIntegral::Scores() const { return ScoresOf(1); }

explain::Completeness NestedIntegral::completeness() const {
  const std::vector<double> scores = Scores(), half = ScoresOf(2);
  double size = 0, change = 0;
  for (size_t t = 0; t < scores.size(); ++t) {
    size += std::abs(scores[t]);
    change += std::abs(scores[t] - half[t]);
  }
  explain::Completeness result{.value = f_end_, .baseline_value = f_start_};
  result.error = CompletenessError(std::accumulate(scores.begin(), scores.end(), 0.0), f_end_, f_start_);
  result.refinement_error = size == 0 ? 0 : static_cast<float>(change / size);
  result.is_certified = result.error <= tolerance_ && result.refinement_error <= tolerance_;
  return result;
}

std::vector<double> NestedIntegral::ScoresOf(size_t stride) const {
  const std::vector<double> weights = ClenshawCurtis((values_.size() - 1) / stride).weights;
  std::vector<double> scores(values_.front().size(), 0);
  for (size_t k = 0; k < weights.size(); ++k) {
    const std::vector<float>& at_node = values_[k * stride];
    for (size_t t = 0; t < scores.size(); ++t) scores[t] += weights[k] * at_node[t];
  }
  return scores;
}

float CompletenessError(double sum, double value, double baseline_value) {
  const double difference = value - baseline_value;
  const double least = NestedIntegral::kLeastDifference * std::max(std::abs(value), std::abs(baseline_value));
  const double scale = std::max(std::abs(difference), least);
  return scale == 0 ? 0 : static_cast<float>(std::abs(sum - difference) / scale);
}

}  // namespace limpid::methods
