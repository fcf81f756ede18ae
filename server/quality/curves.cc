#include "quality/order_metric.h"

namespace limpid::quality {
namespace {

std::set<size_t> EveryCount(size_t num_words) {
  std::set<size_t> counts;
  for (size_t count = 1; count <= num_words; ++count) counts.insert(count);
  return counts;
}

// The curve, and its mean as the value.
CourseValue MeanOf(const Course& course, const std::map<size_t, double>& chances) {
  CourseValue result;
  const auto num_words = static_cast<double>(course.num_words);
  for (size_t count = 1; count <= course.num_words; ++count) {
    result.value += chances.at(count) / num_words;
    result.curve.push_back(static_cast<float>(chances.at(count)));
    result.shares.push_back(static_cast<float>(static_cast<double>(count) / num_words));
  }
  return result;
}

}  // namespace

OrderMetric Deletion() {
  return {.metric = explain::Metric::kDeletion,
          .higher_is_better = true,
          .cuts = [](size_t num_words) { return Cuts{.without = EveryCount(num_words), .only = {}}; },
          .value =
              [](const Course& course) {
                CourseValue result = MeanOf(course, course.without);
                result.value = course.whole - result.value;
                return result;
              }};
}

OrderMetric Insertion() {
  return {.metric = explain::Metric::kInsertion,
          .higher_is_better = true,
          .cuts = [](size_t num_words) { return Cuts{.without = {}, .only = EveryCount(num_words)}; },
          .value = [](const Course& course) { return MeanOf(course, course.only); }};
}

}  // namespace limpid::quality
