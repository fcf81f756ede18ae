#pragma once

#include <cmath>
#include <cstddef>
#include <optional>

namespace limpid::client {

// Mean and spread of numbers that are not kept (Welford 1962).
class Mean {
 public:
  void Add(double value) {
    const double before = value - mean_;
    mean_ += before / static_cast<double>(++count_);
    squares_ += before * (value - mean_);
  }

  size_t count() const { return count_; }
  // Nothing if there is nothing to divide by.
  std::optional<double> mean() const { return count_ > 0 ? std::optional(mean_) : std::nullopt; }
  std::optional<double> standard_error() const {
    if (count_ < 2) return std::nullopt;
    const auto count = static_cast<double>(count_);
    return std::sqrt(squares_ / (count - 1) / count);
  }

 private:
  size_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

}  // namespace limpid::client
