#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/request.h"
#include "quality/order.h"
#include "quality/words.h"

namespace limpid::quality {

// What is asked of the quality block, read. Semantics of limpid.v1.Quality.
struct Options {
  std::vector<explain::Metric> metrics;  // each once
  explain::Replacement replacement = explain::Replacement::kDefault;
  uint32_t random_orders = 1;
  uint32_t samples = 10;
  float radius = 0.02f;
  uint32_t beam_width = 5;
  uint64_t seed = 0;
};

// INVALID_ARGUMENT "metrics[2]: what".
absl::Status MetricError(const Options& options, explain::Metric metric, const std::string& what);

// Scores to be measured, and the text they are about. Lives as long as a fold.
struct Subject {
  const Words& words;
  const engine::RowResult& base;
  const explain::TokenScores& scores;
  const std::vector<float> word_scores;    // [words]
  const std::vector<Order> random_orders;  // that the scores are held against

  const explain::MethodInput& input() const { return words.input(); }
};

// p: the probability of the explained class; F where the target is none of a classifier.
double ChanceOf(const explain::MethodInput& input, const engine::Prediction& prediction);
// Whether ChanceOf is a probability. Known before anything is run.
bool HasProbability(const explain::MethodInput& input);

// error / |size|, with a size that rounding leaves no digit of held up to one that it does.
double Relative(double error, double size);

// `value` beside those of random orders: their mean, and whether it is better than all of them. A tie is not better.
void HoldAgainst(std::span<const double> random_values, bool higher_is_better, explain::QualityValue* value);

// A fold's outcome: more rows to run, or none when the values are there.
struct GaugeStep {
  std::vector<engine::Row> more_rows = {};
  std::vector<explain::QualityValue> values = {};
};

// One metric, or some that read the same rows: a plan of rows and a fold, as a method is. One object per request and
// measured method; called from one thread at a time: Check, then Fold until it asks for no more rows. The words have
// passed their Check.
class Gauge {
 public:
  virtual ~Gauge() = default;

  // INVALID_ARGUMENT naming the metric.
  virtual absl::Status Check(const Words&) const { return absl::OkStatus(); }

  virtual std::vector<explain::Forecast> Expect(const Words& words) const = 0;

  // `rows` are the results of those asked for last, in their order.
  virtual absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) = 0;
};

// All metrics of the options that look at nothing but the order of the words (order_metric.h); null if there are none.
std::unique_ptr<Gauge> MakeOrderGauge(const Options& options);
// Of one metric each.
std::unique_ptr<Gauge> MakeCompleteness();
std::unique_ptr<Gauge> MakeInfidelity(const Options& options);
std::unique_ptr<Gauge> MakeMaxSensitivity(const Options& options, const explain::MethodSpec& measured);
std::unique_ptr<Gauge> MakeSoft(const Options& options, explain::Metric metric);
std::unique_ptr<Gauge> MakeNormalizedDeletion(const Options& options);

}  // namespace limpid::quality
