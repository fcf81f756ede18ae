#include "lib/render/quality_table.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/request/message_options.h"

namespace limpid::client {
namespace {

using v1::Quality;

constexpr char kRow[] = "  %-23s %10s %10s  ", kNone[] = "-";

std::string Number(double value) { return absl::StrFormat("%.4g", value); }

std::string ValueRow(const v1::QualityValue& value, const Palette& palette) {
  const bool has_random = value.has_random_value();
  const std::string beats = absl::StrFormat("%-13s", !has_random ? kNone : value.beats_random() ? "yes" : "no");
  return absl::StrFormat(kRow, MetricName(value.metric()), Number(value.value()),
                         has_random ? Number(value.random_value()) : kNone) +
         (has_random ? palette.InInk(beats, value.beats_random() ? 1 : -1) : beats) + BetterWord(value.metric()) + "\n";
}

// The contract's default where none is named.
std::vector<int> AskedMetrics(const Quality& asked) {
  if (!asked.metrics().empty()) return {asked.metrics().begin(), asked.metrics().end()};
  return {Quality::METRIC_COMPREHENSIVENESS, Quality::METRIC_SUFFICIENCY, Quality::METRIC_COMPLETENESS};
}

std::string UnmeasuredRows(const Quality& asked, const v1::QualityReport& report, const Palette& palette) {
  std::string rows;
  for (const int metric : AskedMetrics(asked)) {
    if (std::ranges::any_of(report.values(), [&](const auto& value) { return value.metric() == metric; })) continue;
    const char* reason = metric == Quality::METRIC_MAX_SENSITIVITY ? ": the method adds noise itself" : "";
    absl::StrAppend(&rows, absl::StrFormat("  %-23s ", MetricName(metric)),
                    palette.Dim(absl::StrCat("not measured", reason)), "\n");
  }
  return rows;
}

}  // namespace

const char* BetterWord(int metric) {
  switch (metric) {
    case Quality::METRIC_COMPREHENSIVENESS:
    case Quality::METRIC_DELETION:
    case Quality::METRIC_INSERTION:
    case Quality::METRIC_SOFT_COMPREHENSIVENESS:
    case Quality::METRIC_SOFT_SUFFICIENCY:
    case Quality::METRIC_NORMALIZED_DELETION:
      return "higher";
    case Quality::METRIC_SUFFICIENCY:
    case Quality::METRIC_LOG_ODDS:
    case Quality::METRIC_INFIDELITY:
    case Quality::METRIC_MAX_SENSITIVITY:
    case Quality::METRIC_COMPLETENESS:
      return "lower";
    default:
      return "";
  }
}

std::string MetricName(int metric) { return TypedValue(*Quality::Metric_descriptor(), metric); }

std::string QualityTable(const Quality& asked, const Explanation& explanation, const v1::Attribution& attribution,
                         const Palette& palette) {
  const auto report =
      std::ranges::find(explanation.quality, attribution.method_index(), &v1::QualityReport::method_index);
  if (report == explanation.quality.end()) return "";
  std::string table = palette.Dim(absl::StrFormat(kRow, "quality", "value", "random") + "beats chance  better") + "\n";
  for (const v1::QualityValue& value : report->values()) table += ValueRow(value, palette);
  table += UnmeasuredRows(asked, *report, palette);
  std::string how =
      absl::StrCat("  words replaced by ", TypedValue(*v1::Replacement_descriptor(), report->replacement()), "; ",
                   report->rows(), " passes");
  if (std::ranges::any_of(report->values(), &v1::QualityValue::has_random_value)) {
    const uint32_t orders = std::max(asked.random_orders(), 1u);
    absl::StrAppend(&how, "; random: ", orders == 1 ? "" : "mean of ", orders, orders == 1 ? " order" : " orders");
  }
  return table + palette.Dim(how) + "\n";
}

}  // namespace limpid::client
