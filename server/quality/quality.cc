#include "quality/quality.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "methods/lib/options.h"
#include "quality/block.h"

namespace limpid::quality {
namespace {

using explain::Metric;

absl::StatusOr<Metric> ReadMetric(v1::Quality::Metric metric, const std::string& field) {
  switch (metric) {
    case v1::Quality::METRIC_COMPREHENSIVENESS:
      return Metric::kComprehensiveness;
    case v1::Quality::METRIC_SUFFICIENCY:
      return Metric::kSufficiency;
    case v1::Quality::METRIC_DELETION:
      return Metric::kDeletion;
    case v1::Quality::METRIC_INSERTION:
      return Metric::kInsertion;
    case v1::Quality::METRIC_LOG_ODDS:
      return Metric::kLogOdds;
    case v1::Quality::METRIC_INFIDELITY:
      return Metric::kInfidelity;
    case v1::Quality::METRIC_MAX_SENSITIVITY:
      return Metric::kMaxSensitivity;
    case v1::Quality::METRIC_COMPLETENESS:
      return Metric::kCompleteness;
    case v1::Quality::METRIC_SOFT_COMPREHENSIVENESS:
      return Metric::kSoftComprehensiveness;
    case v1::Quality::METRIC_SOFT_SUFFICIENCY:
      return Metric::kSoftSufficiency;
    case v1::Quality::METRIC_NORMALIZED_DELETION:
      return Metric::kNormalizedDeletion;
    default:
      return methods::UnknownValue(field.c_str(), metric);
  }
}

absl::StatusOr<std::vector<Metric>> ReadMetrics(const v1::Quality& quality) {
  std::vector<Metric> metrics;
  for (int i = 0; i < quality.metrics_size(); ++i) {
    const std::string field = absl::StrCat("quality.metrics[", i, "]");
    ABSL_ASSIGN_OR_RETURN(const Metric metric, ReadMetric(quality.metrics(i), field));
    if (std::ranges::find(metrics, metric) != metrics.end()) {
      return absl::InvalidArgumentError(absl::StrCat(field, ": is named twice"));
    }
    metrics.push_back(metric);
  }
  if (metrics.empty()) metrics = {Metric::kComprehensiveness, Metric::kSufficiency, Metric::kCompleteness};
  return metrics;
}

}  // namespace

absl::StatusOr<explain::QualitySpec> ReadQuality(const v1::Quality& quality) {
  using methods::ReadCount;
  Options options;
  ABSL_ASSIGN_OR_RETURN(options.metrics, ReadMetrics(quality));
  ABSL_ASSIGN_OR_RETURN(options.replacement, methods::ReadReplacement(quality.replacement(), "quality.replacement"));
  ABSL_ASSIGN_OR_RETURN(options.random_orders, ReadCount(quality.random_orders(), 1, 1, 32, "quality.random_orders"));
  ABSL_ASSIGN_OR_RETURN(options.samples, ReadCount(quality.samples(), 10, 1, 256, "quality.samples"));
  ABSL_ASSIGN_OR_RETURN(options.radius, methods::ReadNumber(quality.radius(), 0.02f, 1e-6f, 10, "quality.radius"));
  ABSL_ASSIGN_OR_RETURN(options.beam_width, ReadCount(quality.beam_width(), 5, 1, 32, "quality.beam_width"));
  options.seed = quality.seed();
  return explain::QualitySpec{
      .make = [options](const explain::MethodSpec& measured) { return std::make_unique<Block>(options, measured); }};
}

}  // namespace limpid::quality
