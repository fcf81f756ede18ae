#include "lib/load/knee.h"

#include <gtest/gtest.h>

#include <vector>

namespace limpid::client {
namespace {

// A server that holds its bound up to `capacity` calls a second, and what it was asked.
struct FakeServer {
  double capacity;
  std::vector<double> tried;

  double Find(double start) {
    return FindKnee(start, [this](double rate) {
      tried.push_back(rate);
      return rate <= capacity;
    });
  }
};

TEST(Knee, IsFoundFromBelowAndFromAbove) {
  for (const double capacity : {90.0, 137.0, 2'500.0, 3.1}) {
    for (const double start : {1.0, 16.0, 100.0}) {
      const double knee = FakeServer{capacity, {}}.Find(start);

      EXPECT_LE(knee, capacity) << start;
      EXPECT_GE(knee * (1 + kKneePrecision), capacity) << start;
    }
  }
}

TEST(Knee, IsFoundInFewTries) {
  FakeServer server{137, {}};

  server.Find(16);

  EXPECT_EQ(server.tried, (std::vector<double>{16, 32, 64, 128, 256, 192, 160, 144, 136, 140}));
}

TEST(Knee, OfAServerThatNeverHoldsIsZeroAfterSixHalvings) {
  FakeServer server{0, {}};

  EXPECT_EQ(server.Find(64), 0);
  EXPECT_EQ(server.tried, (std::vector<double>{64, 32, 16, 8, 4, 2, 1}));
}

TEST(Knee, OfAServerThatAlwaysHoldsIsTheMostThatIsTried) { EXPECT_EQ((FakeServer{1e12, {}}.Find(2)), 2 * 4096); }

}  // namespace
}  // namespace limpid::client
