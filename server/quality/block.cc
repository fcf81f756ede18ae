#include "quality/block.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::quality {

using explain::Metric;

Block::Block(Options options, const explain::MethodSpec& measured) : options_(std::move(options)) {
  Add(MakeOrderGauge(options_));
  for (Metric metric : options_.metrics) {
    if (metric == Metric::kCompleteness) Add(MakeCompleteness());
    if (metric == Metric::kInfidelity) Add(MakeInfidelity(options_));
    if (metric == Metric::kMaxSensitivity) Add(MakeMaxSensitivity(options_, measured));
    if (metric == Metric::kSoftComprehensiveness || metric == Metric::kSoftSufficiency) Add(MakeSoft(options_, metric));
    if (metric == Metric::kNormalizedDeletion) Add(MakeNormalizedDeletion(options_));
  }
}

void Block::Add(std::unique_ptr<Gauge> gauge) {
  if (gauge != nullptr) gauges_.push_back({.gauge = std::move(gauge)});
}

absl::Status Block::Check(const explain::MethodInput& input) const {
  const Words words(input, options_.replacement);
  ABSL_RETURN_IF_ERROR(words.Check());
  for (const Entry& entry : gauges_) ABSL_RETURN_IF_ERROR(entry.gauge->Check(words));
  size_t rows = 0;
  for (const explain::Forecast& forecast : Expect(input)) rows += forecast.rows;
  if (rows <= kMostRows) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("metrics: need ", rows, " passes a method, at most ", kMostRows,
                                                 " are allowed; ask for fewer of them, or for fewer random_orders, "
                                                 "fewer samples or a narrower beam_width"));
}

std::vector<explain::Forecast> Block::Expect(const explain::MethodInput& input) const {
  const Words words(input, options_.replacement);
  std::vector<explain::Forecast> forecasts;
  for (const Entry& entry : gauges_) std::ranges::move(entry.gauge->Expect(words), std::back_inserter(forecasts));
  return forecasts;
}

absl::StatusOr<explain::MeasureStep> Block::Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                                 const explain::TokenScores& scores,
                                                 std::span<const engine::RowResult> rows) {
  const Words words(input, options_.replacement);
  const Subject subject = {.words = words,
                           .base = base,
                           .scores = scores,
                           .word_scores = words.Scores(scores.scores),
                           .random_orders = RandomOrders(words.size(), options_.random_orders, options_.seed)};
  explain::MeasureStep step;
  for (Entry& entry : gauges_) {
    if (entry.is_done) continue;
    const auto own = rows.first(std::exchange(entry.num_rows, 0));
    rows = rows.subspan(own.size());
    ABSL_ASSIGN_OR_RETURN(GaugeStep gauge_step, entry.gauge->Fold(subject, own));
    entry.num_rows = gauge_step.more_rows.size();
    entry.is_done = gauge_step.more_rows.empty();
    std::ranges::move(gauge_step.more_rows, std::back_inserter(step.more_rows));
    std::ranges::move(gauge_step.values, std::back_inserter(values_));
  }
  if (!step.more_rows.empty()) return step;
  step.replacement = words.replacement();
  for (Metric metric : options_.metrics) {
    const auto value = std::ranges::find(values_, metric, &explain::QualityValue::metric);
    if (value != values_.end()) step.values.push_back(std::move(*value));
  }
  return step;
}

}  // namespace limpid::quality
