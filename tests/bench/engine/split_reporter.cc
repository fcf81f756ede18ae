#include "bench/engine/split_reporter.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/match.h"

namespace limpid::bench {
namespace {

double CounterOf(const benchmark::BenchmarkReporter::Run& run, const char* name) {
  const auto found = run.counters.find(name);
  return found == run.counters.end() ? 0.0 : found->second.value;
}

void PrintTime(double seconds_per_token, double whole) {
  std::printf("%10.0f %10.2f", 1 / seconds_per_token, 1e6 * seconds_per_token);
  if (whole > 0) std::printf(" %8.1f%%", 100 * seconds_per_token / whole);
}

}  // namespace

bool SplitReporter::ReportContext(const Context&) {
  std::fprintf(stderr, "Benchmarks take turns; the table comes at the end\n");
  return true;
}

void SplitReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const bool is_result = run.repetitions > 1 ? run.aggregate_name == "median" : run.run_type == Run::RT_Iteration;
    if (!is_result) continue;
    lines_.push_back({run.family_index, run.run_name.function_name, CounterOf(run, kSecondsPerToken),
                      CounterOf(run, kFlopsPerSecond)});
  }
}

void SplitReporter::Finalize() {
  std::sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.index < b.index; });
  double whole = 0, peak = 0, sum = 0;
  for (const Line& line : lines_) {
    if (whole == 0 && absl::StartsWith(line.name, "pass/")) whole = line.seconds_per_token;
    if (absl::StartsWith(line.name, "op/")) sum += line.seconds_per_token;
    if (absl::StartsWith(line.name, "gemm/")) peak = std::max(peak, line.flops_per_second);
  }
  std::printf("%-38s%10s %10s %9s%10s %9s\n", "one thread", "tokens/s", "us/token", "share", "GFLOP/s", "of peak");
  for (const Line& line : lines_) {
    std::printf("%-38s", line.name.c_str());
    if (line.seconds_per_token > 0) PrintTime(line.seconds_per_token, whole);
    if (line.flops_per_second > 0) {
      std::printf("%*.1f", line.seconds_per_token > 0 ? 10 : 41, line.flops_per_second / 1e9);
      if (peak > 0) std::printf(" %8.1f%%", 100 * line.flops_per_second / peak);
    }
    std::printf("\n");
  }
  if (sum > 0) {
    std::printf("%-38s", "sum of op/");
    PrintTime(sum, whole);
    std::printf("\n");
  }
}

}  // namespace limpid::bench
