#include "lib/render/sanity_report.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr char kMethod[] = "method";
constexpr size_t kTextColumns = 40;

std::string Cell(const std::optional<double>& correlation) {
  if (!correlation.has_value()) return "-";
  const std::string text = absl::StrFormat("%.2f", *correlation);
  return text == "-0.00" ? "0.00" : text;
}

std::string Table(const SanityResult& result) {
  size_t name_columns = sizeof(kMethod) - 1;
  for (const MethodSanity& method : result.methods) {
    name_columns = std::max(name_columns, DisplayWidth(VisibleText(method.method)));
  }
  std::string table = PaddedRight(kMethod, name_columns);
  const auto append = [&](size_t stage, const std::string& text) {
    const size_t columns = std::max(result.stages[stage].size(), std::string("-0.00").size());
    absl::StrAppend(&table, "  ", std::string(columns - text.size(), ' '), text);
  };
  for (size_t stage = 0; stage < result.stages.size(); ++stage) append(stage, result.stages[stage]);
  table += "\n";
  for (const MethodSanity& method : result.methods) {
    table += PaddedRight(VisibleText(method.method), name_columns);
    for (size_t stage = 0; stage < result.stages.size(); ++stage) append(stage, Cell(method.correlations[stage]));
    table += "\n";
  }
  return table;
}

std::string LeftOut(const SanityResult& result) {
  std::string lines;
  for (const std::string& method : result.methods_without_scores) {
    absl::StrAppend(&lines, VisibleText(method), " is left out: it gives pieces of the text no scores.\n");
  }
  for (const ShortText& text : result.short_texts) {
    absl::StrAppend(&lines, "\"", Shortened(VisibleText(text.text), kTextColumns),
                    "\" is left out: too short to rank (", text.num_units, text.num_units == 1 ? " piece" : " pieces",
                    " for ", VisibleText(text.method), ").\n");
  }
  return lines;
}

std::string Verdict(const SanityResult& result) {
  std::string lines;
  for (const MethodSanity& method : result.methods) {
    if (!method.hardly_depends_on_weights()) continue;
    absl::StrAppend(&lines, VisibleText(method.method),
                    " hardly depends on what the model has learned: ", Cell(method.correlations.back()),
                    " after all weights were shuffled.\n");
  }
  return lines;
}

}  // namespace

std::string SanityReport(const SanityResult& result) {
  std::string report =
      absl::StrCat("Spearman's rank correlation with the explanation by the model itself, mean of ", result.num_texts,
                   result.num_texts == 1 ? " text" : " texts",
                   ".\nThe weights are shuffled from the top of the model down, up to and including each column's.\n\n",
                   Table(result));
  for (const std::string& part : {LeftOut(result), Verdict(result)}) {
    if (!part.empty()) absl::StrAppend(&report, "\n", part);
  }
  return report;
}

Json SanityJson(const SanityResult& result) {
  Json methods = Json::array(), short_texts = Json::array();
  for (const MethodSanity& method : result.methods) {
    Json correlations = Json::array();
    for (const std::optional<double>& correlation : method.correlations) {
      correlations.push_back(correlation.has_value() ? Json(*correlation) : Json());
    }
    methods.push_back({{"method", method.method},
                       {"correlations", std::move(correlations)},
                       {"hardly_depends_on_weights", method.hardly_depends_on_weights()}});
  }
  for (const ShortText& text : result.short_texts) {
    short_texts.push_back({{"text", text.text}, {"method", text.method}, {"units", text.num_units}});
  }
  return {{"texts", result.num_texts},
          {"stages", result.stages},
          {"methods", std::move(methods)},
          {"methods_without_scores", result.methods_without_scores},
          {"short_texts", std::move(short_texts)}};
}

}  // namespace limpid::client
