#include "engine/kernels/cpu/parallel.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace limpid::engine::cpu {
namespace {

using ::testing::Each;

std::vector<int> Values(const std::vector<std::atomic<int>>& counters) { return {counters.begin(), counters.end()}; }

class Parallel : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { SetNumThreads(GetParam()); }
  void TearDown() override { SetNumThreads(1); }
};

TEST_P(Parallel, EachItemIsDoneOnce) {
  for (const int64_t items : {0, 1, 2, 3, 1000}) {
    std::vector<std::atomic<int>> times(static_cast<size_t>(items));

    ForItems(items, [&](int64_t item) { ++times[static_cast<size_t>(item)]; });

    EXPECT_THAT(Values(times), Each(1)) << items;
  }
}

TEST_P(Parallel, RowsAreCutWithoutGapsAndNotBelowTheGrain) {
  for (const int64_t rows : {1, 9, 10, 11, 25, 1000}) {
    constexpr int64_t kGrain = 10;
    std::vector<std::atomic<int>> times(static_cast<size_t>(rows));

    ForRows(rows, kGrain, [&](int64_t begin, int64_t end) {
      EXPECT_GE(end - begin, std::min(rows, kGrain));
      for (int64_t row = begin; row < end; ++row) ++times[static_cast<size_t>(row)];
    });

    EXPECT_THAT(Values(times), Each(1)) << rows;
  }
}

TEST_P(Parallel, ATaskWorksAloneAndLibTorchWithIt) {
  ForItems(2, [&](int64_t) {
    EXPECT_EQ(NumThreads(), 1);
    EXPECT_EQ(at::get_num_threads(), 1);
  });

  EXPECT_EQ(NumThreads(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Threads, Parallel, ::testing::Values(1, 2, 5), ::testing::PrintToStringParamName());

TEST(ParallelThread, BelongsToTheThreadThatAskedForIt) {
  SetNumThreads(3);
  int other = 0;

  std::thread([&] { other = NumThreads(); }).join();

  EXPECT_EQ(other, 1);
  EXPECT_EQ(NumThreads(), 3);
  SetNumThreads(0);
  EXPECT_GE(NumThreads(), 1);
  SetNumThreads(1);
}

}  // namespace
}  // namespace limpid::engine::cpu
