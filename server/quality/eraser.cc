#include <utility>

#include "quality/order.h"
#include "quality/order_metric.h"

namespace limpid::quality {
namespace {

constexpr double kBins[] = {0.01, 0.05, 0.10, 0.20, 0.50};

std::set<size_t> BinCounts(size_t num_words) {
  std::set<size_t> counts;
  for (double bin : kBins) counts.insert(TopCount(bin, num_words));
  return counts;
}

// Mean over the bins of what p loses.
CourseValue MeanLoss(const Course& course, const std::map<size_t, double>& chances) {
  CourseValue result;
  for (double bin : kBins) {
    const size_t count = TopCount(bin, course.num_words);
    const double chance = chances.at(count);
    result.value += (course.whole - chance) / std::size(kBins);
    result.curve.push_back(static_cast<float>(chance));
    result.shares.push_back(static_cast<float>(count) / static_cast<float>(course.num_words));
  }
  return result;
}

}  // namespace

OrderMetric Comprehensiveness() {
  return {.metric = explain::Metric::kComprehensiveness,
          .higher_is_better = true,
          .cuts = [](size_t num_words) { return Cuts{.without = BinCounts(num_words), .only = {}}; },
          .value = [](const Course& course) { return MeanLoss(course, course.without); }};
}

OrderMetric Sufficiency() {
  return {.metric = explain::Metric::kSufficiency,
          .higher_is_better = false,
          .cuts = [](size_t num_words) { return Cuts{.without = {}, .only = BinCounts(num_words)}; },
          .value = [](const Course& course) { return MeanLoss(course, course.only); }};
}

}  // namespace limpid::quality
