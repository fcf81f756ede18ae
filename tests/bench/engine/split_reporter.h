#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace limpid::bench {

// Counters that the table is made of.
inline constexpr char kSecondsPerToken[] = "s/token";
inline constexpr char kFlopsPerSecond[] = "FLOP/s";

// One table at the end instead of Google Benchmark's own report: medians, each operation's share of the whole pass, and
// the share of the matrix product's speed that is reached. Benchmarks are told apart by the beginnings of their names:
// pass/ (the first registered is the whole), op/ and gemm/.
class SplitReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  struct Line {
    int64_t index;  // in the order of registration
    std::string name;
    double seconds_per_token, flops_per_second;
  };
  std::vector<Line> lines_;
};

}  // namespace limpid::bench
