#include "lib/render/comparison_report.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lib/render/bars.h"
#include "lib/render/heatmap.h"
#include "lib/render/prediction_report.h"
#include "lib/render/quality_table.h"
#include "lib/render/visible_text.h"
#include "lib/render/wrapped.h"

namespace limpid::client {
namespace {

constexpr size_t kMostNameColumns = 32, kCellColumns = 8;

// "1 saliency", all of one width.
std::vector<std::string> RowTitles(const Comparison& comparison) {
  std::vector<std::string> titles;
  size_t columns = 0;
  for (const ComparedRow& row : comparison.rows) {
    titles.push_back(absl::StrFormat("%2d ", titles.size() + 1) + Shortened(VisibleText(row.name), kMostNameColumns));
    columns = std::max(columns, DisplayWidth(titles.back()));
  }
  for (std::string& title : titles) title = PaddedRight(title, columns);
  return titles;
}

std::string RightAligned(const std::string& text) {
  return std::string(kCellColumns - std::min(kCellColumns, DisplayWidth(text)), ' ') + text;
}

// A line that numbers the rows as columns.
std::string Numbers(const std::string& title, size_t title_columns, size_t count, const Palette& palette) {
  std::string line = PaddedRight(title, title_columns);
  for (size_t i = 1; i <= count; ++i) line += RightAligned(absl::StrCat(i));
  return palette.Dim(line);
}

std::string Matrix(const std::string& title, const Comparison& comparison,
                   const std::function<std::string(const Agreement&)>& cell, const Palette& palette) {
  const std::vector<std::string> titles = RowTitles(comparison);
  const size_t count = titles.size(), columns = std::max(DisplayWidth(titles[0]), title.size());
  std::string matrix = absl::StrCat("\n", Numbers(title, columns, count, palette), "\n");
  for (size_t row = 0; row < count; ++row) {
    std::string line = PaddedRight(titles[row], columns);
    for (size_t column = 0; column < count; ++column) {
      line += RightAligned(row == column ? "" : cell(comparison.Between(row, column)));
    }
    matrix += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return matrix;
}

std::string CorrelationCell(const Agreement& agreement) {
  if (!agreement.rank_correlation.has_value()) return "-";
  const std::string text = absl::StrFormat("%.2f", *agreement.rank_correlation);
  return text == "-0.00" ? "0.00" : text;
}

std::string Agreements(const Comparison& comparison, const Palette& palette) {
  if (comparison.rows.size() < 2) return "";
  const size_t top = comparison.top;
  bool of_sizes = false;
  size_t fewest = comparison.Between(0, 1).shared_pieces, most = 0;
  for (size_t second = 0; second < comparison.rows.size(); ++second) {
    for (size_t first = 0; first < second; ++first) {
      const Agreement agreement = comparison.Between(first, second);
      of_sizes |= agreement.of_sizes;
      fewest = std::min(fewest, agreement.shared_pieces);
      most = std::max(most, agreement.shared_pieces);
    }
  }
  const auto in_common = [&](const Agreement& agreement) {
    return agreement.top_in_common.has_value() ? absl::StrCat(*agreement.top_in_common, "/", top) : "-";
  };
  std::string report = Matrix("rank correlation (Spearman)", comparison, CorrelationCell, palette);
  if (of_sizes) report += palette.Dim("   of sizes, where only one of two has signs") + "\n";
  report += Matrix(absl::StrCat("in common of the top ", top), comparison, in_common, palette);
  const std::string pieces = fewest == most ? absl::StrCat(fewest) : absl::StrCat(fewest, " to ", most);
  return report + palette.Dim(absl::StrCat("   of the ", pieces, " pieces of text that both have")) + "\n";
}

std::string QualityCell(const v1::QualityReport& report, int metric) {
  for (const v1::QualityValue& value : report.values()) {
    if (value.metric() == metric) return absl::StrFormat("%.3g%s", value.value(), value.beats_random() ? "*" : "");
  }
  return "-";
}

// Metrics down, rows across; "*" where a value beats all random orders.
std::string QualityMatrix(const Comparison& comparison, const Palette& palette) {
  std::vector<const v1::QualityReport*> reports;
  std::vector<int> metrics;
  for (const ComparedRow& row : comparison.rows) {
    const std::vector<v1::QualityReport>& all = comparison.answers[row.answer].quality;
    const uint32_t method = comparison.AttributionOf(row).method_index();
    const auto found = std::ranges::find(all, method, &v1::QualityReport::method_index);
    reports.push_back(found == all.end() ? nullptr : &*found);
    if (found == all.end()) continue;
    for (const v1::QualityValue& value : found->values()) {
      if (std::ranges::find(metrics, value.metric()) == metrics.end()) metrics.push_back(value.metric());
    }
  }
  if (metrics.empty()) return "";
  const size_t columns = std::max<size_t>(27, DisplayWidth(RowTitles(comparison)[0]));
  std::string matrix =
      absl::StrCat("\n", Numbers("quality", columns, reports.size(), palette), palette.Dim("  better"), "\n");
  for (const int metric : metrics) {
    matrix += PaddedRight(absl::StrCat("   ", MetricName(metric)), columns);
    for (const v1::QualityReport* report : reports) {
      matrix += RightAligned(report == nullptr ? "-" : QualityCell(*report, metric));
    }
    absl::StrAppend(&matrix, "  ", BetterWord(metric), "\n");
  }
  return matrix + palette.Dim("   * better than all random orders of the same words") + "\n";
}

// The strongest pieces with their scores, where no colour can show the text itself.
std::string StrongestLine(const Comparison& comparison, const ComparedRow& row, const SentTexts& texts) {
  const v1::Attribution& attribution = comparison.AttributionOf(row);
  std::vector<std::string> pieces;
  for (const int index : StrongestPieces(attribution, comparison.top)) {
    pieces.push_back(absl::StrCat(
        UnitLabel(texts, comparison.answers[row.answer].prediction, attribution.units(index)), " ",
        ScoreText(attribution.scores(index), LargestTextScore(attribution), attribution.card().is_signed())));
  }
  return absl::StrJoin(pieces, ", ");
}

std::string Rows(const Comparison& comparison, const SentTexts& texts, const Palette& palette, size_t columns) {
  const std::vector<std::string> titles = RowTitles(comparison);
  std::string rows = "\n";
  for (size_t i = 0; i < titles.size(); ++i) {
    const ComparedRow& row = comparison.rows[i];
    const size_t indent = DisplayWidth(titles[i]);
    if (!palette.has_color()) {
      absl::StrAppend(&rows, titles[i], "  ",
                      Wrapped({{StrongestLine(comparison, row, texts)}}, indent + 2, columns, palette));
      continue;
    }
    std::string heatmap;
    for (const int32_t sequence : {0, 1}) {
      heatmap += Heatmap(comparison.AttributionOf(row), texts, sequence, palette, columns - std::min(columns, indent));
    }
    std::string title = palette.Bold(titles[i]);
    for (const absl::string_view line : absl::StrSplit(heatmap, '\n', absl::SkipEmpty())) {
      absl::StrAppend(&rows, title, line, "\n");
      title = std::string(indent, ' ');
    }
  }
  const char* legend = palette.has_color()
                           ? "   each on its own scale: orange for the target (or large), blue against it"
                           : "   the strongest pieces of each";
  return rows + palette.Dim(legend) + "\n";
}

std::string Predictions(const Comparison& comparison, const SentTexts& texts, const Palette& palette) {
  std::string report;
  bool is_one_target = true;
  for (const Explanation& answer : comparison.answers) {
    const v1::ResolvedTarget& target = answer.prediction.target();
    if (comparison.answers.size() > 1) {
      absl::StrAppend(&report, report.empty() ? "" : "\n",
                      TitleLine("model", VisibleText(answer.summary.model().name()), palette));
    }
    absl::StrAppend(
        &report, PredictionReport(texts, answer.prediction, palette),
        TitleLine("explained",
                  absl::StrCat(VisibleText(target.description()), absl::StrFormat(" = %.6g", target.value())),
                  palette));
    is_one_target &= target.description() == comparison.answers[0].prediction.target().description();
  }
  if (is_one_target) return report;
  return report + TitleLine("note", "the models explain different targets: --target asks all about the same", palette);
}

}  // namespace

std::string ComparisonReport(const Comparison& comparison, const Palette& palette, size_t columns) {
  const SentTexts texts{comparison.request.input().text(), comparison.request.input().text_pair()};
  std::string report = Predictions(comparison, texts, palette);
  if (!comparison.rows.empty()) {
    report += Rows(comparison, texts, palette, columns) + Agreements(comparison, palette) +
              QualityMatrix(comparison, palette);
  }
  for (const std::string& name : comparison.without_scores) {
    absl::StrAppend(&report, "\n", VisibleText(name), " is left out: it gives pieces of the text no scores.\n");
  }
  return comparison.answers.size() > 1
             ? report
             : absl::StrCat(report, "\n", SummaryReport(comparison.answers[0].summary, palette));
}

Json ComparisonJson(const Comparison& comparison) {
  Json rows = Json::array(), correlations = Json::array(), in_common = Json::array(), shared = Json::array();
  for (size_t first = 0; first < comparison.rows.size(); ++first) {
    const ComparedRow& row = comparison.rows[first];
    rows.push_back({{"name", row.name}, {"answer", row.answer}, {"attribution", row.attribution}});
    Json correlation = Json::array(), common = Json::array(), pieces = Json::array();
    for (size_t second = 0; second < comparison.rows.size(); ++second) {
      const Agreement agreement = comparison.Between(first, second);
      correlation.push_back(agreement.rank_correlation.has_value() ? Json(*agreement.rank_correlation) : Json());
      common.push_back(agreement.top_in_common.has_value() ? Json(*agreement.top_in_common) : Json());
      pieces.push_back(agreement.shared_pieces);
    }
    correlations.push_back(std::move(correlation));
    in_common.push_back(std::move(common));
    shared.push_back(std::move(pieces));
  }
  Json answers = Json::array();
  for (const Explanation& answer : comparison.answers) answers.push_back(ToJson(answer));
  return {{"request", ToJson(comparison.request)},        {"rows", std::move(rows)},
          {"rank_correlations", std::move(correlations)}, {"top", comparison.top},
          {"top_in_common", std::move(in_common)},        {"shared_pieces", std::move(shared)},
          {"without_scores", comparison.without_scores},  {"answers", std::move(answers)}};
}

}  // namespace limpid::client
