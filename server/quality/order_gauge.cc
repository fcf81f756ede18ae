#include <utility>

#include "quality/gauge.h"
#include "quality/order_metric.h"

namespace limpid::quality {
namespace {

// One course for all: what several metrics cut at the same place runs once, and is forecast once.
class OrderGauge final : public Gauge {
 public:
  OrderGauge(std::vector<OrderMetric> metrics, const Options& options)
      : metrics_(std::move(metrics)), options_(options) {}

  absl::Status Check(const Words& words) const override {
    for (const OrderMetric& metric : metrics_) {
      if (!metric.needs_probability || HasProbability(words.input())) continue;
      return MetricError(options_, metric.metric,
                         "is LOG_ODDS, which needs the probability of a class: a classifier, and a class as target");
    }
    return absl::OkStatus();
  }

  std::vector<explain::Forecast> Expect(const Words& words) const override {
    return {{.rows = CountRows(CutsOf(words.size()), words.size(), options_.random_orders)}};
  }

  absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) override {
    const Cuts cuts = CutsOf(subject.words.size());
    GaugeStep step;
    if (rows.empty()) step.more_rows = RowsOf(subject, cuts);
    if (!step.more_rows.empty()) return step;
    const std::vector<Course> courses = CoursesOf(subject, cuts, rows);
    for (const OrderMetric& metric : metrics_) step.values.push_back(ValueOf(metric, courses));
    return step;
  }

 private:
  Cuts CutsOf(size_t num_words) const {
    Cuts all;
    for (const OrderMetric& metric : metrics_) {
      Cuts cuts = metric.cuts(num_words);
      all.without.merge(cuts.without);
      all.only.merge(cuts.only);
    }
    return all;
  }

  static explain::QualityValue ValueOf(const OrderMetric& metric, std::span<const Course> courses) {
    CourseValue own = metric.value(courses[0]);
    std::vector<double> random;
    for (const Course& course : courses.subspan(1)) random.push_back(metric.value(course).value);
    explain::QualityValue value = {.metric = metric.metric, .value = static_cast<float>(own.value)};
    value.curve = std::move(own.curve);
    value.shares = std::move(own.shares);
    HoldAgainst(random, metric.higher_is_better, &value);
    return value;
  }

  const std::vector<OrderMetric> metrics_;
  const Options options_;
};

}  // namespace

std::unique_ptr<Gauge> MakeOrderGauge(const Options& options) {
  const OrderMetric known[] = {Comprehensiveness(), Sufficiency(), Deletion(), Insertion(), LogOdds()};
  std::vector<OrderMetric> metrics;
  for (explain::Metric metric : options.metrics) {
    for (const OrderMetric& candidate : known) {
      if (candidate.metric == metric) metrics.push_back(candidate);
    }
  }
  if (metrics.empty()) return nullptr;
  return std::make_unique<OrderGauge>(std::move(metrics), options);
}

}  // namespace limpid::quality
