#include "quality/gauge.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "explain/prediction.h"

namespace limpid::quality {
namespace {

// Differences of F are right to about a millionth of a logit; below that there is nothing to relate an error to.
constexpr double kLeastSize = 1e-6;

}  // namespace

absl::Status MetricError(const Options& options, explain::Metric metric, const std::string& what) {
  const auto index = std::ranges::find(options.metrics, metric) - options.metrics.begin();
  return absl::InvalidArgumentError(absl::StrCat("metrics[", index, "]: ", what));
}

double ChanceOf(const explain::MethodInput& input, const engine::Prediction& prediction) {
  if (!HasProbability(input)) return prediction.target_value;
  return explain::Probabilities(input.model, prediction.logits)[static_cast<size_t>(prediction.class_index)];
}

bool HasProbability(const explain::MethodInput& input) {
  using Task = engine::ModelCard::Task;
  using Kind = engine::Target::Kind;
  const bool is_classifier =
      input.model.task == Task::kClassification || input.model.task == Task::kMultiLabel || input.model.has_position();
  const Kind kind = input.base_row.target.kind;
  return is_classifier && (kind == Kind::kClass || kind == Kind::kContrast);
}

double Relative(double error, double size) { return error / std::max(std::abs(size), kLeastSize); }

void HoldAgainst(std::span<const double> random_values, bool higher_is_better, explain::QualityValue* value) {
  if (random_values.empty()) return;
  const double sum = std::accumulate(random_values.begin(), random_values.end(), 0.0);
  value->random_value = static_cast<float>(sum / static_cast<double>(random_values.size()));
  value->beats_random = std::ranges::all_of(random_values, [&](double random) {
    const float other = static_cast<float>(random);
    return higher_is_better ? value->value > other : value->value < other;
  });
}

}  // namespace limpid::quality
