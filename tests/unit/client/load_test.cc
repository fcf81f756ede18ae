#include "lib/load.h"

#include <gtest/gtest.h>

namespace limpid::client {
namespace {

TEST(Quantile, IsTheLatencyThatEnoughCallsKept) {
  Latencies latencies;
  for (int ms = 1; ms <= 10; ++ms) latencies.push_back(absl::Milliseconds(ms));

  EXPECT_EQ(Quantile(latencies, 0.5), absl::Milliseconds(5));
  EXPECT_EQ(Quantile(latencies, 0.91), absl::Milliseconds(10));
  EXPECT_EQ(Quantile(latencies, 0), absl::Milliseconds(1));
  EXPECT_EQ(Quantile(latencies, 1), absl::Milliseconds(10));
}

TEST(Quantile, OfNoCallsIsZero) { EXPECT_EQ(Quantile({}, 0.99), absl::ZeroDuration()); }

}  // namespace
}  // namespace limpid::client
