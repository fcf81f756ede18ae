#include "lib/load/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace limpid::client {
namespace {

std::vector<double> Gaps(Arrivals arrivals, double rate, uint64_t seed, size_t count) {
  Schedule schedule(arrivals, rate, seed);
  std::vector<double> gaps;
  for (double before = absl::ToDoubleSeconds(schedule.Next()); gaps.size() < count;) {
    const double due = absl::ToDoubleSeconds(schedule.Next());
    gaps.push_back(due - before);
    before = due;
  }
  return gaps;
}

TEST(Schedule, PoissonGapsHaveTheMeanAndTheSpreadOfAnExponential) {
  constexpr size_t kCount = 40'000;
  double sum = 0, squares = 0, above_mean = 0;
  for (const double gap : Gaps(Arrivals::kPoisson, 200, 1, kCount)) {
    sum += gap;
    squares += gap * gap;
    above_mean += gap > 1.0 / 200;
  }

  // Relative standard error of the mean 1/sqrt(kCount) = 0.5 %; six of them.
  EXPECT_NEAR(sum / kCount, 1.0 / 200, 0.03 / 200);
  EXPECT_NEAR(squares / kCount, 2.0 / 200 / 200, 0.1 * 2 / 200 / 200);
  EXPECT_NEAR(above_mean / kCount, 0.3679, 0.015) << "exp(-1)";
}

TEST(Schedule, IsTheSameForASeed) {
  EXPECT_EQ(Gaps(Arrivals::kPoisson, 50, 7, 100), Gaps(Arrivals::kPoisson, 50, 7, 100));
  EXPECT_NE(Gaps(Arrivals::kPoisson, 50, 7, 100), Gaps(Arrivals::kPoisson, 50, 8, 100));
}

TEST(Schedule, ConstantGapsAreEqual) {
  for (const double gap : Gaps(Arrivals::kConstant, 50, 1, 100)) EXPECT_NEAR(gap, 0.02, 1e-6);
}

TEST(Schedule, BeginsAtOnce) { EXPECT_EQ(Schedule(Arrivals::kPoisson, 50, 1).Next(), absl::ZeroDuration()); }

}  // namespace
}  // namespace limpid::client
