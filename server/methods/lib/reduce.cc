#include "methods/lib/reduce.h"

#include <cmath>
#include <numeric>

#include "explain/tensors.h"

namespace limpid::methods {

using explain::Reduction;

double Reduce(Reduction reduction, std::span<const float> gradient) {
  switch (reduction) {
    case Reduction::kDefault:
    case Reduction::kL2:
      return std::sqrt(Dot(gradient, gradient));
    case Reduction::kL1:
      return explain::SumAbs(gradient);
    case Reduction::kMeanAbs:
      return explain::SumAbs(gradient) / static_cast<double>(gradient.size());
    case Reduction::kSum:
      break;
  }
  return std::accumulate(gradient.begin(), gradient.end(), 0.0);
}

double Dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

std::vector<float> GradientXInputScores(const engine::RowResult& result, engine::AttachPoint attach_point) {
  const auto point = static_cast<size_t>(attach_point);
  std::vector<float> scores(static_cast<size_t>(result.inputs[point].shape[0]));
  for (size_t t = 0; t < scores.size(); ++t) {
    const double score = Dot(explain::RowOf(result.inputs[point], t), explain::RowOf(result.gradients[point], t));
    scores[t] = static_cast<float>(score);
  }
  return scores;
}

}  // namespace limpid::methods
