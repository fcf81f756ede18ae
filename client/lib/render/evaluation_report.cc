#include "lib/render/evaluation_report.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lib/render/bars.h"
#include "lib/render/quality_table.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

// Wrong classes that a class's line names.
constexpr size_t kMostConfused = 3;

std::string Number(const std::optional<double>& value) {
  return value.has_value() ? absl::StrFormat("%.4g", *value) : "-";
}

std::string Share(const std::optional<double>& share) { return share.has_value() ? Percent(*share) : "-"; }

Json OrNull(const std::optional<double>& value) { return value.has_value() ? Json(*value) : Json(); }

size_t Widest(const std::vector<std::string>& visible) {
  size_t columns = 0;
  for (const std::string& text : visible) columns = std::max(columns, DisplayWidth(text));
  return columns;
}

std::string MetricTable(const Evaluation& evaluation, int metric, const Palette& palette) {
  const std::string better = BetterWord(metric);
  std::vector<std::string> names = {MetricName(metric) + (better.empty() ? "" : ", " + better + " is better")};
  for (const std::string& method : evaluation.methods) names.push_back(VisibleText(method));
  const size_t columns = Widest(names);
  std::string table =
      palette.Dim(PaddedRight(names[0], columns) + absl::StrFormat("  %6s  %10s  %10s  %10s  %12s", "texts", "mean",
                                                                   "std. error", "random", "beats chance")) +
      "\n";
  for (size_t i = 0; i < evaluation.methods.size(); ++i) {
    const auto found = evaluation.methods_tally[i].find(metric);
    const MetricTally tally = found == evaluation.methods_tally[i].end() ? MetricTally() : found->second;
    absl::StrAppend(&table, PaddedRight(names[i + 1], columns),
                    absl::StrFormat("  %6d  %10s  %10s  %10s  %12s\n", tally.values.count(),
                                    Number(tally.values.mean()), Number(tally.values.standard_error()),
                                    Number(tally.random_values.mean()), Share(tally.beats_share())));
  }
  return table;
}

std::string NameOf(const LabelTally& labels, int index) {
  const auto place = static_cast<size_t>(index);
  return place < labels.names.size() && !labels.names[place].empty() ? labels.names[place] : absl::StrCat(index);
}

// Of the texts of one class: how many were taken for each other class, the most frequent first.
std::vector<std::pair<size_t, int>> Confused(int given, const std::map<int, size_t>& predicted) {
  std::vector<std::pair<size_t, int>> others;
  for (const auto& [index, texts] : predicted) {
    if (index != given) others.emplace_back(texts, index);
  }
  std::ranges::stable_sort(others, std::ranges::greater(), &std::pair<size_t, int>::first);
  return others;
}

struct ClassCounts {
  size_t texts = 0, right = 0;
};

ClassCounts Count(int given, const std::map<int, size_t>& predicted) {
  ClassCounts counts;
  for (const auto& [index, texts] : predicted) {
    counts.texts += texts;
    if (index == given) counts.right = texts;
  }
  return counts;
}

std::string LabelTable(const LabelTally& labels, const Palette& palette) {
  std::string table = absl::StrCat("accuracy  ", Share(labels.accuracy()), "  ", labels.right, " of ", labels.texts,
                                   " texts with the label of a class\n");
  if (labels.unmatched > 0) absl::StrAppend(&table, "labels of ", labels.unmatched, " texts name no class\n");
  std::vector<std::string> names = {"label"};
  for (const auto& [given, predicted] : labels.predicted_by_given) {
    names.push_back(VisibleText(NameOf(labels, given)));
  }
  const size_t columns = Widest(names);
  if (labels.texts > 0) {
    table += palette.Dim(PaddedRight(names[0], columns) +
                         absl::StrFormat("  %6s  %6s  %7s  taken for", "texts", "right", "share")) +
             "\n";
  }
  size_t row = 0;
  for (const auto& [given, predicted] : labels.predicted_by_given) {
    const ClassCounts counts = Count(given, predicted);
    std::vector<std::string> others;
    for (const auto& [texts, index] : Confused(given, predicted)) {
      if (others.size() == kMostConfused) break;
      others.push_back(absl::StrCat(VisibleText(NameOf(labels, index)), " ", texts));
    }
    const double share = static_cast<double>(counts.right) / static_cast<double>(counts.texts);
    absl::StrAppend(&table, PaddedRight(names[++row], columns),
                    absl::StrFormat("  %6d  %6d  %7s  %s\n", counts.texts, counts.right, Percent(share),
                                    others.empty() ? "-" : absl::StrJoin(others, ", ")));
  }
  return table;
}

Json MetricsJson(const std::map<int, MetricTally>& tallies) {
  Json metrics = Json::array();
  for (const auto& [metric, tally] : tallies) {
    metrics.push_back({{"metric", v1::Quality::Metric_Name(metric)},
                       {"texts", tally.values.count()},
                       {"mean", OrNull(tally.values.mean())},
                       {"standard_error", OrNull(tally.values.standard_error())},
                       {"random_mean", OrNull(tally.random_values.mean())},
                       {"beats_random_share", OrNull(tally.beats_share())}});
  }
  return metrics;
}

Json LabelsJson(const LabelTally& labels) {
  Json classes = Json::array();
  for (const auto& [given, predicted] : labels.predicted_by_given) {
    const ClassCounts counts = Count(given, predicted);
    Json row = Json::array();
    for (const auto& [index, texts] : predicted) {
      row.push_back({{"label", NameOf(labels, index)}, {"texts", texts}});
    }
    classes.push_back({{"label", NameOf(labels, given)},
                       {"texts", counts.texts},
                       {"right", counts.right},
                       {"predicted", std::move(row)}});
  }
  return {{"texts", labels.texts},
          {"right", labels.right},
          {"accuracy", OrNull(labels.accuracy())},
          {"unmatched", labels.unmatched},
          {"classes", std::move(classes)}};
}

}  // namespace

std::string EvaluationReport(const Evaluation& evaluation, const Palette& palette) {
  std::set<int> metrics;
  for (const auto& tallies : evaluation.methods_tally) {
    for (const auto& [metric, tally] : tallies) metrics.insert(metric);
  }
  std::vector<std::string> parts;
  for (const int metric : metrics) parts.push_back(MetricTable(evaluation, metric, palette));
  if (evaluation.labels.has_value()) parts.push_back(LabelTable(*evaluation.labels, palette));
  return absl::StrJoin(parts, "\n");
}

Json EvaluationJson(const Evaluation& evaluation) {
  Json methods = Json::array();
  for (size_t i = 0; i < evaluation.methods.size(); ++i) {
    methods.push_back({{"method", evaluation.methods[i]}, {"metrics", MetricsJson(evaluation.methods_tally[i])}});
  }
  return {{"model", ToJson(evaluation.model)},
          {"methods", std::move(methods)},
          {"labels", evaluation.labels.has_value() ? LabelsJson(*evaluation.labels) : Json()}};
}

}  // namespace limpid::client
