#include "lib/evaluate/evaluation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"

namespace limpid::client {
namespace {

std::optional<double> Share(size_t part, size_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Of a classifier of whole texts.
bool HasClasses(const v1::Prediction& prediction) {
  return prediction.has_classes() && prediction.classes().indices().empty() && !prediction.has_token_classes() &&
         prediction.classes().logits_size() > 1;
}

// A class by its name, or else by its number.
std::optional<int> ClassOf(const std::string& label, const v1::ClassScores& classes) {
  const auto named = std::ranges::find(classes.labels(), label);
  if (named != classes.labels().end()) return static_cast<int>(named - classes.labels().begin());
  int index = -1;
  if (absl::SimpleAtoi(label, &index) && index >= 0 && index < classes.logits_size()) return index;
  return std::nullopt;
}

}  // namespace

void MetricTally::Add(const v1::QualityValue& value) {
  if (!std::isfinite(value.value())) return;
  values.Add(value.value());
  if (!value.has_random_value()) return;
  random_values.Add(value.random_value());
  if (value.beats_random()) ++beats_random;
}

std::optional<double> MetricTally::beats_share() const { return Share(beats_random, random_values.count()); }

void LabelTally::Add(const std::string& label, const v1::Prediction& prediction) {
  const v1::ClassScores& classes = prediction.classes();
  const std::optional<int> given = HasClasses(prediction) ? ClassOf(label, classes) : std::nullopt;
  if (!given.has_value()) {
    ++unmatched;
    return;
  }
  if (names.empty()) names.assign(classes.labels().begin(), classes.labels().end());
  ++texts;
  if (*given == classes.predicted_index()) ++right;
  ++predicted_by_given[*given][classes.predicted_index()];
}

std::optional<double> LabelTally::accuracy() const { return Share(right, texts); }

Evaluation::Evaluation(std::vector<std::string> method_names, bool has_labels)
    : methods(std::move(method_names)), methods_tally(methods.size()) {
  if (has_labels) labels.emplace();
}

void Evaluation::Add(const TextRecord& record, const Explanation& explanation) {
  model = explanation.summary.model();
  if (labels.has_value()) labels->Add(record.label, explanation.prediction);
  for (const v1::QualityReport& report : explanation.quality) {
    for (const v1::QualityValue& value : report.values()) {
      methods_tally[report.method_index()][value.metric()].Add(value);
    }
  }
}

}  // namespace limpid::client
