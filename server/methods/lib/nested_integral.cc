#include "methods/lib/nested_integral.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "methods/lib/completeness.h"
#include "methods/lib/quadrature.h"

namespace limpid::methods {
namespace {

// The ratio of two changes is itself uncertain, and however small it is, little more than half a digit is taken on
// credit.
constexpr double kCaution = 1.5, kLeastRatio = 0.15;

double SumOfChanges(const std::vector<double>& scores, const std::vector<double>& before) {
  double sum = 0;
  for (size_t t = 0; t < scores.size(); ++t) sum += std::abs(scores[t] - before[t]);
  return sum;
}

}  // namespace

void NestedIntegral::SetEnd(std::vector<float> values, float f) {
  values_ = {std::move(values)};
  completeness_.value = f;
}

size_t NestedIntegral::num_missing() const {
  return (scores_.empty() ? kFirstIntervals : values_.size() - 1) - arrived_.size();
}

std::vector<float> NestedIntegral::NextNodes(size_t most) const {
  const bool is_first = scores_.empty();
  const std::vector<double> nodes = PathQuadrature(is_first ? kFirstIntervals : 2 * (values_.size() - 1)).nodes;
  const size_t count = std::min(most, num_missing());
  std::vector<float> next;
  for (size_t i = arrived_.size(); next.size() < count; ++i) {
    // Every other node is known already.
    next.push_back(static_cast<float>(nodes[is_first ? i : 2 * i + 1]));
  }
  return next;
}

void NestedIntegral::Add(std::vector<float> values, float f) {
  if (scores_.empty() && arrived_.empty()) completeness_.baseline_value = f;
  arrived_.push_back(std::move(values));
  if (num_missing() == 0) Merge();
}

// The doubling is complete.
void NestedIntegral::Merge() {
  const bool is_first = scores_.empty();
  std::vector<std::vector<float>> merged;
  for (size_t k = 0; k < arrived_.size(); ++k) {
    if (!is_first) merged.push_back(std::move(values_[k]));
    merged.push_back(std::move(arrived_[k]));
  }
  merged.push_back(std::move(values_.back()));
  values_ = std::move(merged);
  arrived_.clear();

  const std::vector<double> before = is_first ? ScoresOf(2) : std::move(scores_);
  scores_ = ScoresOf(1);
  const double size = std::accumulate(scores_.begin(), scores_.end(), 0.0,
                                      [](double sum, double score) { return sum + std::abs(score); });
  const double change = SumOfChanges(scores_, before);
  const double ratio =
      is_first || last_change_ == 0 ? 1 : std::clamp(kCaution * change / last_change_, kLeastRatio, 1.0);
  last_change_ = change;
  completeness_.error = CompletenessError(std::accumulate(scores_.begin(), scores_.end(), 0.0), completeness_.value,
                                          completeness_.baseline_value);
  completeness_.refinement_error = size == 0 ? 0 : static_cast<float>(change * ratio / size);
  completeness_.is_certified = completeness_.error <= tolerance_ && completeness_.refinement_error <= tolerance_;
}

bool NestedIntegral::IsDone() const {
  return IsComplete() && (completeness_.is_certified || values_.size() - 1 >= max_intervals_);
}

std::vector<double> NestedIntegral::ScoresOf(size_t stride) const {
  const std::vector<double> weights = PathQuadrature((values_.size() - 1) / stride).weights;
  std::vector<double> scores(values_.front().size(), 0);
  for (size_t k = 0; k < weights.size(); ++k) {
    const std::vector<float>& at_node = values_[k * stride];
    for (size_t t = 0; t < scores.size(); ++t) scores[t] += weights[k] * at_node[t];
  }
  return scores;
}

uint32_t ExpectedIntervals(float tolerance, uint32_t most) {
  return std::min(most, tolerance >= 1e-2f ? 32u : tolerance >= 1e-3f ? 64u : 128u);
}

}  // namespace limpid::methods
