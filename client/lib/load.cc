#include "lib/load.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include "absl/time/clock.h"

namespace limpid::client {
namespace {

void Append(const Latencies& part, Latencies* sum) { sum->insert(sum->end(), part.begin(), part.end()); }

void Add(LoadResult part, LoadResult* sum) {
  Append(part.latencies, &sum->latencies);
  Append(part.overheads, &sum->overheads);
  for (const auto& [code, latencies] : part.failed) Append(latencies, &sum->failed[code]);
  sum->tokens += part.tokens;
  sum->attention_bytes += part.attention_bytes;
  if (sum->first_failure.ok()) sum->first_failure = std::move(part.first_failure);
}

void Sort(LoadResult* result) {
  std::sort(result->latencies.begin(), result->latencies.end());
  std::sort(result->overheads.begin(), result->overheads.end());
  for (auto& [code, latencies] : result->failed) std::sort(latencies.begin(), latencies.end());
}

absl::StatusOr<v1::Summary> Explain(const ExplainClient& client, const v1::ExplainRequest& request) {
  absl::StatusOr<Explanation> explanation = client.Explain(request);
  if (!explanation.ok()) return explanation.status();
  return std::move(explanation->summary);
}

absl::StatusOr<v1::Summary> Predict(const ExplainClient& client, const v1::ExplainRequest& request) {
  v1::PredictRequest input;
  input.set_model(request.model());
  *input.mutable_input() = request.input();
  absl::StatusOr<v1::PredictResponse> response = client.Predict(input);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_summary());
}

// `start`: when the call was due.
void CallOnce(const ExplainClient& client, const v1::ExplainRequest& request, bool predicts, absl::Time start,
              LoadResult* result) {
  const absl::StatusOr<v1::Summary> summary = predicts ? Predict(client, request) : Explain(client, request);
  const absl::Duration latency = absl::Now() - start;
  if (!summary.ok()) {
    result->failed[summary.status().code()].push_back(latency);
    if (result->first_failure.ok()) result->first_failure = summary.status();
    return;
  }
  result->latencies.push_back(latency);
  result->overheads.push_back(absl::Milliseconds(summary->timings().total_ms() - summary->timings().compute_ms()));
  result->tokens += summary->tokens();
  result->attention_bytes += summary->attention_bytes();
}

// Seconds from the first call to each.
std::vector<double> PoissonTimes(size_t count, double rate) {
  std::mt19937_64 random(1);  // the same load in every run
  std::exponential_distribution<double> gap(rate);
  std::vector<double> times(count, 0);
  for (size_t i = 1; i < count; ++i) times[i] = times[i - 1] + gap(random);
  return times;
}

}  // namespace

absl::Duration Quantile(const Latencies& latencies, double fraction) {
  if (latencies.empty()) return absl::ZeroDuration();
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(latencies.size())));
  return latencies[std::clamp<size_t>(rank, 1, latencies.size()) - 1];
}

size_t LoadResult::num_failed() const {
  size_t count = 0;
  for (const auto& [code, times] : failed) count += times.size();
  return count;
}

LoadResult RunLoad(std::span<const ExplainClient> clients, std::span<const v1::ExplainRequest> requests,
                   const LoadPlan& plan) {
  std::atomic<size_t> next = 0;
  std::vector<LoadResult> parts(std::min(plan.streams, requests.size()));
  const std::vector<double> times = plan.rate > 0 ? PoissonTimes(requests.size(), plan.rate) : std::vector<double>();
  const absl::Time start = absl::Now();
  const auto make_calls = [&](size_t stream) {
    for (size_t i = next++; i < requests.size(); i = next++) {
      const absl::Time due = times.empty() ? absl::Now() : start + absl::Seconds(times[i]);
      absl::SleepFor(due - absl::Now());
      CallOnce(clients[stream % clients.size()], requests[i], plan.predicts, due, &parts[stream]);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t stream = 0; stream < parts.size(); ++stream) threads.emplace_back(make_calls, stream);
  }
  LoadResult sum;
  sum.wall_time = absl::Now() - start;
  for (LoadResult& part : parts) Add(std::move(part), &sum);
  Sort(&sum);
  return sum;
}

}  // namespace limpid::client
