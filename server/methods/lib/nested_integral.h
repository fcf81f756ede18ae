#pragma once

#include <cstddef>
#include <vector>

#include "explain/event.h"

namespace limpid::methods {

// The integral over alpha in [0, 1] of a [T] function, by Clenshaw-Curtis nodes whose number doubles until the result
// is good enough; every node is kept. At alpha = 0 and 1 its sum's primitive is known: F(x') and F(x).
class NestedIntegral {
 public:
  // Doubles from kFirstIntervals up to `max_intervals`, a power of two no smaller than that.
  NestedIntegral(size_t max_intervals, float tolerance) : max_intervals_(max_intervals), tolerance_(tolerance) {}

  static constexpr size_t kFirstIntervals = 8;

  // Ascending in [0, 1): where the function must be looked at next. The value at 1 is always there (SetEnd).
  std::vector<float> NextNodes() const;

  // At alpha = 1, and F(x) there.
  void SetEnd(std::vector<float> values, float f);
  // At NextNodes(), in their order; `f` of the first node ever, which is 0.
  void Add(std::vector<std::vector<float>> values, float f);

  // Both errors are within the tolerance, or there are no more nodes to be had.
  bool IsDone() const;

  std::vector<double> Scores() const;
  // Of the scores. Errors relative to less than kLeastDifference of the larger of |F(x)|, |F(x')| are rounding, so that
  // much is the least that the completeness error is held against.
  explain::Completeness completeness() const;
  static constexpr double kLeastDifference = 1e-3;

  size_t num_nodes() const { return values_.size(); }

 private:
  // With every `stride`th node.
  std::vector<double> ScoresOf(size_t stride) const;

  const size_t max_intervals_;
  const float tolerance_;
  std::vector<std::vector<float>> values_;  // [nodes][T]; only the end until the first Add
  float f_start_ = 0, f_end_ = 0;
};

// |sum - (value - baseline_value)| / |value - baseline_value|, as above.
float CompletenessError(double sum, double value, double baseline_value);

}  // namespace limpid::methods
