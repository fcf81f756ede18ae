#include "lib/render/load_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

double Ms(absl::Duration time) { return absl::ToDoubleMilliseconds(time); }

std::string Parts(const std::map<std::string, CallCounts>& parts) {
  std::string lines;
  if (parts.size() < 2) return lines;
  for (const auto& [name, counts] : parts) {
    absl::StrAppendFormat(&lines, "    %s: %d answered, %d failed, p50 %.1f, p99 %.1f ms\n",
                          name.empty() ? "(no label)" : VisibleText(name), counts.answered.count(), counts.num_failed(),
                          Ms(counts.answered.Quantile(0.5)), Ms(counts.answered.Quantile(0.99)));
  }
  return lines;
}

std::string Failures(const CallCounts& counts) {
  std::string lines;
  for (const auto& [code, latencies] : counts.failed) {
    absl::StrAppendFormat(&lines, "    %s: %d, after p50 %.1f, p99 %.1f ms\n", absl::StatusCodeToString(code),
                          latencies.count(), Ms(latencies.Quantile(0.5)), Ms(latencies.Quantile(0.99)));
  }
  return lines;
}

// Delays are in the latencies; where they matter it is the client that was measured.
std::string SentLate(const StageResult& result) {
  const absl::Duration delay = result.send_delays.Quantile(0.99);
  if (delay < std::max(absl::Milliseconds(1), result.all.answered.Quantile(0.5) / 10)) return "";
  return absl::StrFormat(
      "    calls went out late, p99 %.1f ms: all streams were busy (--streams), or this machine was\n", Ms(delay));
}

std::string Slos(const std::vector<SloOutcome>& outcomes) {
  std::string lines;
  for (const SloOutcome& outcome : outcomes) {
    absl::StrAppend(
        &lines, "    ", outcome.text, outcome.holds ? " holds" : " does not hold",
        std::isfinite(outcome.measured) ? absl::StrFormat(": %.4g\n", outcome.measured) : ": too many calls failed\n");
  }
  return lines;
}

}  // namespace

std::string LoadTableHead() {
  return absl::StrFormat("%9s %7s %8s %7s %9s %9s %8s %8s %8s %8s %8s\n", "calls/s", "streams", "answered", "failed",
                         "answers/s", "tokens/s", "p50 ms", "p90", "p99", "p99.9", "max");
}

std::string LoadTableRow(const MeasuredStage& stage) {
  const StageResult& result = stage.result;
  const Histogram& latencies = result.all.answered;
  const double seconds = absl::ToDoubleSeconds(result.wall_time);
  const std::string rate = result.stage.rate > 0 ? absl::StrFormat("%.1f", result.stage.rate) : "-";
  std::string text = absl::StrFormat("%9s %7d %8d %7d %9.1f %9.0f %8.1f %8.1f %8.1f %8.1f %8.1f\n", rate,
                                     result.stage.streams, latencies.count(), result.all.num_failed(),
                                     result.answers_per_second(), static_cast<double>(result.tokens) / seconds,
                                     Ms(latencies.Quantile(0.5)), Ms(latencies.Quantile(0.9)),
                                     Ms(latencies.Quantile(0.99)), Ms(latencies.Quantile(0.999)), Ms(latencies.max()));
  const auto [low, high] = latencies.QuantileInterval(0.99);
  absl::StrAppendFormat(
      &text,
      "    p99 within %.1f to %.1f ms (95 %% confidence); server's time beside the model p50 %.2f, p99 %.2f ms\n",
      Ms(low), Ms(high), Ms(result.server_overheads.Quantile(0.5)), Ms(result.server_overheads.Quantile(0.99)));
  if (result.attention_bytes > 0) {
    absl::StrAppendFormat(&text, "    %.1f MB/s of attention maps\n",
                          static_cast<double>(result.attention_bytes) / seconds / 1e6);
  }
  absl::StrAppend(&text, Failures(result.all), SentLate(result), Parts(result.by_server), Parts(result.by_label),
                  Slos(stage.slos));
  return text;
}

std::string LastWords(const LoadReport& report) {
  if (report.is_interrupted) return "Interrupted: the last load was not run to its end, nor any behind it.\n";
  if (!report.knee.has_value()) return "";
  if (*report.knee == 0) return "Even the lowest rate that was tried does not meet all conditions.\n";
  return absl::StrFormat("The highest rate that meets all conditions: %.4g calls a second (found to 5 %%).\n",
                         *report.knee);
}

}  // namespace limpid::client
