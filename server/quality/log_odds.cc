#include <algorithm>
#include <cmath>
#include <limits>

#include "quality/order.h"
#include "quality/order_metric.h"

namespace limpid::quality {
namespace {

constexpr double kTop = 0.20;

// A probability too small for its type is not nothing.
double Log(double chance) { return std::log(std::max(chance, double{std::numeric_limits<float>::min()})); }

}  // namespace

OrderMetric LogOdds() {
  return {.metric = explain::Metric::kLogOdds,
          .higher_is_better = false,
          .cuts = [](size_t num_words) { return Cuts{.without = {TopCount(kTop, num_words)}, .only = {}}; },
          .value =
              [](const Course& course) {
                const double chance = course.without.at(TopCount(kTop, course.num_words));
                return CourseValue{.value = Log(chance) - Log(course.whole)};
              },
          .needs_probability = true};
}

}  // namespace limpid::quality
