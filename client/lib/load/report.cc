#include "lib/load/report.h"

#include <cmath>

namespace limpid::client {
namespace {

double Ms(absl::Duration time) { return absl::ToDoubleMilliseconds(time); }

Json LatencyJson(const Histogram& latencies) {
  const auto [low, high] = latencies.QuantileInterval(0.99);
  return {{"mean", Ms(latencies.Mean())},           {"p50", Ms(latencies.Quantile(0.5))},
          {"p90", Ms(latencies.Quantile(0.9))},     {"p95", Ms(latencies.Quantile(0.95))},
          {"p99", Ms(latencies.Quantile(0.99))},    {"p99_interval", {Ms(low), Ms(high)}},
          {"p99_9", Ms(latencies.Quantile(0.999))}, {"max", Ms(latencies.max())}};
}

// Quantiles ever closer to 1, four for each halving of what is left, down to a single call.
Json SpectrumJson(const Histogram& latencies) {
  constexpr double kPerHalving = 4;
  Json points = Json::array();
  for (double step = 0;; ++step) {
    const double left = std::exp2(-step / kPerHalving);
    if (left * static_cast<double>(latencies.count()) < 1) break;
    points.push_back({1 - left, Ms(latencies.Quantile(1 - left))});
  }
  return points;
}

Json FailuresJson(const CallCounts& counts) {
  Json failures = Json::object();
  for (const auto& [code, latencies] : counts.failed) {
    failures[absl::StatusCodeToString(code)] = {{"count", latencies.count()}, {"latency_ms", LatencyJson(latencies)}};
  }
  return failures;
}

Json PartsJson(const std::map<std::string, CallCounts>& parts) {
  Json rows = Json::array();
  for (const auto& [name, counts] : parts) {
    rows.push_back({{"name", name},
                    {"answered", counts.answered.count()},
                    {"failed", counts.num_failed()},
                    {"latency_ms", LatencyJson(counts.answered)}});
  }
  return rows;
}

Json SlosJson(const std::vector<SloOutcome>& outcomes) {
  Json rows = Json::array();
  for (const SloOutcome& outcome : outcomes) {
    rows.push_back({{"condition", outcome.text},
                    {"measured", std::isfinite(outcome.measured) ? Json(outcome.measured) : Json()},
                    {"holds", outcome.holds}});
  }
  return rows;
}

Json StageJson(const MeasuredStage& measured) {
  const StageResult& result = measured.result;
  const Stage& stage = result.stage;
  const double seconds = absl::ToDoubleSeconds(result.wall_time);
  Json json = {{"streams", stage.streams},
               {"rate", stage.rate},
               {"arrivals", stage.rate == 0                        ? "closed"
                            : stage.arrivals == Arrivals::kPoisson ? "poisson"
                                                                   : "constant"},
               {"seed", stage.seed},
               {"seconds", seconds},
               {"calls", result.all.num_calls()},
               {"answered", result.all.answered.count()},
               {"failed", result.all.num_failed()},
               {"failures", FailuresJson(result.all)},
               {"texts_per_second", result.answers_per_second()},
               {"tokens_per_second", static_cast<double>(result.tokens) / seconds},
               {"attention_bytes", result.attention_bytes},
               {"latency_ms", LatencyJson(result.all.answered)},
               {"server_overhead_ms", LatencyJson(result.server_overheads)},
               {"send_delay_ms", LatencyJson(result.send_delays)},
               {"client_cpu_seconds", result.client_cpu_seconds},
               {"by_server", PartsJson(result.by_server)},
               {"by_label", PartsJson(result.by_label)},
               {"spectrum", SpectrumJson(result.all.answered)},
               {"slo", SlosJson(measured.slos)}};
  return json;
}

}  // namespace

Json LoadReportJson(const LoadReport& report) {
  Json stages = Json::array();
  for (const MeasuredStage& stage : report.stages) stages.push_back(StageJson(stage));
  Json json = {{"client_version", LIMPID_VERSION},
               {"started_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", report.started_at, absl::UTCTimeZone())},
               {"file", report.file},
               {"lines", report.num_lines},
               {"servers", report.servers},
               {"warmup_seconds", absl::ToDoubleSeconds(report.warmup)},
               {"interrupted", report.is_interrupted}};
  if (report.knee.has_value()) json["knee"] = {{"rate", *report.knee > 0 ? Json(*report.knee) : Json()}};
  json["stages"] = std::move(stages);
  return json;
}

}  // namespace limpid::client
