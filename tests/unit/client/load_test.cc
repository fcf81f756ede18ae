#include "lib/load.h"

#include <gtest/gtest.h>

namespace limpid::client {
namespace {

TEST(LoadResult, QuantileIsTheLatencyThatEnoughCallsKept) {
  LoadResult result;
  for (int ms = 1; ms <= 10; ++ms) result.latencies.push_back(absl::Milliseconds(ms));

  EXPECT_EQ(result.Quantile(0.5), absl::Milliseconds(5));
  EXPECT_EQ(result.Quantile(0.91), absl::Milliseconds(10));
  EXPECT_EQ(result.Quantile(0), absl::Milliseconds(1));
  EXPECT_EQ(result.Quantile(1), absl::Milliseconds(10));
}

TEST(LoadResult, QuantileOfNoCallsIsZero) { EXPECT_EQ(LoadResult().Quantile(0.99), absl::ZeroDuration()); }

}  // namespace
}  // namespace limpid::client
