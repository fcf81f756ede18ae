#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "explain/event.h"
#include "quality/course.h"

namespace limpid::quality {

// What a metric makes of a course.
struct CourseValue {
  double value = 0;
  std::vector<float> curve = {}, shares = {};
};

// A metric that looks at nothing but the order of the words.
struct OrderMetric {
  explain::Metric metric;
  bool higher_is_better;
  std::function<Cuts(size_t num_words)> cuts;
  std::function<CourseValue(const Course& course)> value;
  bool needs_probability = false;
};

// ERASER's (DeYoung et al. 2020): the top 1, 5, 10, 20 and 50 %.
OrderMetric Comprehensiveness();
OrderMetric Sufficiency();
// Word by word.
OrderMetric Deletion();
OrderMetric Insertion();
// At the top 20 %.
OrderMetric LogOdds();

}  // namespace limpid::quality
