#include "lib/load.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <utility>

#include "absl/time/clock.h"

namespace limpid::client {
namespace {

void Add(LoadResult part, LoadResult* sum) {
  sum->latencies.insert(sum->latencies.end(), part.latencies.begin(), part.latencies.end());
  sum->tokens += part.tokens;
  sum->attention_bytes += part.attention_bytes;
  sum->num_failed += part.num_failed;
  if (sum->first_failure.ok()) sum->first_failure = std::move(part.first_failure);
}

void CallOnce(const ExplainClient& client, const v1::ExplainRequest& request, LoadResult* result) {
  const absl::Time start = absl::Now();
  const absl::StatusOr<Explanation> explanation = client.Explain(request);
  if (!explanation.ok()) {
    ++result->num_failed;
    if (result->first_failure.ok()) result->first_failure = explanation.status();
    return;
  }
  result->latencies.push_back(absl::Now() - start);
  result->tokens += explanation->summary.tokens();
  result->attention_bytes += explanation->summary.attention_bytes();
}

}  // namespace

absl::Duration LoadResult::Quantile(double fraction) const {
  if (latencies.empty()) return absl::ZeroDuration();
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(latencies.size())));
  return latencies[std::clamp<size_t>(rank, 1, latencies.size()) - 1];
}

LoadResult RunLoad(const ExplainClient& client, std::span<const v1::ExplainRequest> requests, size_t streams) {
  std::atomic<size_t> next = 0;
  std::vector<LoadResult> parts(std::min(streams, requests.size()));
  const absl::Time start = absl::Now();
  {
    std::vector<std::jthread> threads;
    for (LoadResult& part : parts) {
      threads.emplace_back([&] {
        for (size_t i = next++; i < requests.size(); i = next++) CallOnce(client, requests[i], &part);
      });
    }
  }
  LoadResult sum;
  sum.wall_time = absl::Now() - start;
  for (LoadResult& part : parts) Add(std::move(part), &sum);
  std::sort(sum.latencies.begin(), sum.latencies.end());
  return sum;
}

}  // namespace limpid::client
