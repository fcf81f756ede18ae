#include "lib/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace limpid::client {
namespace {

TEST(Histogram, AQuantileIsTheTimeThatEnoughCallsKept) {
  Histogram histogram;
  for (int us = 10; us >= 1; --us) histogram.Record(absl::Microseconds(us));

  EXPECT_EQ(histogram.Quantile(0.5), absl::Microseconds(5));
  EXPECT_EQ(histogram.Quantile(0.91), absl::Microseconds(10));
  EXPECT_EQ(histogram.Quantile(0), absl::Microseconds(1));
  EXPECT_EQ(histogram.Quantile(1), absl::Microseconds(10));
  EXPECT_EQ(histogram.Mean(), absl::Microseconds(5.5));
}

TEST(Histogram, OfNoCallsIsZero) {
  EXPECT_EQ(Histogram().Quantile(0.99), absl::ZeroDuration());
  EXPECT_EQ(Histogram().Mean(), absl::ZeroDuration());
}

TEST(Histogram, QuantilesAreNeverTooLowAndHighByAtMostAThousandth) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> microseconds(9, 3);  // from microseconds to hours
  std::vector<double> times(20'000);
  Histogram histogram;
  for (double& time : times) {
    time = std::round(microseconds(random));
    histogram.Record(absl::Microseconds(time));
  }
  std::sort(times.begin(), times.end());

  for (const double fraction : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const double exact = times[static_cast<size_t>(std::ceil(fraction * 20'000)) - 1];
    const double found = absl::ToDoubleMicroseconds(histogram.Quantile(fraction));
    EXPECT_GE(found, exact) << fraction;
    EXPECT_LE(found, exact * (1 + 1.0 / 1024)) << fraction;
  }
  EXPECT_EQ(absl::ToDoubleMicroseconds(histogram.max()), times.back());
}

TEST(Histogram, TheIntervalOfAQuantileHoldsItAndNarrowsWithMoreCalls) {
  Histogram few, many;
  for (int i = 1; i <= 100'000; ++i) {
    if (i % 100 == 0) few.Record(absl::Milliseconds(i));
    many.Record(absl::Milliseconds(i));
  }

  const auto [low, high] = few.QuantileInterval(0.9);
  const auto [low_of_many, high_of_many] = many.QuantileInterval(0.9);

  // 1000 calls: ranks 900 +- 1.96 sqrt(1000 * 0.9 * 0.1) = 18.6.
  EXPECT_NEAR(absl::ToDoubleMilliseconds(low), 88'100, 100);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(high), 91'900, 100);
  EXPECT_LT(high_of_many - low_of_many, (high - low) / 8);
}

}  // namespace
}  // namespace limpid::client
