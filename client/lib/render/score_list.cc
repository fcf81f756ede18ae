#include "lib/render/score_list.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/bars.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr size_t kBesideHeatmap = 5, kLongText = 40, kOfLongText = 20;
constexpr size_t kLabelColumns = 28, kBarColumns = 24, kTwoSidedBarColumns = 12;

// Places of the units to list, in the order to list them.
std::vector<int> Chosen(const v1::Attribution& attribution, std::optional<size_t> top, bool beside_heatmap) {
  std::vector<int> chosen;
  for (int i = 0; i < attribution.units_size(); ++i) {
    if (!attribution.units(i).is_special()) chosen.push_back(i);
  }
  if (!top.has_value() && !beside_heatmap && chosen.size() <= kLongText) return chosen;
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](int a, int b) { return std::abs(attribution.scores(a)) > std::abs(attribution.scores(b)); });
  const size_t wanted = top.value_or(beside_heatmap ? kBesideHeatmap : kOfLongText);
  chosen.resize(std::min(chosen.size(), wanted));
  return chosen;
}

}  // namespace

std::string ScoreList(const v1::Attribution& attribution, const SentTexts& texts, const v1::Prediction& prediction,
                      std::optional<size_t> top, const Palette& palette) {
  const std::vector<int> chosen = Chosen(attribution, top, palette.has_color());
  const bool is_signed = attribution.card().is_signed();
  const double largest = LargestTextScore(attribution);

  size_t label_columns = 0;
  std::vector<std::string> labels;
  for (const int i : chosen) {
    labels.push_back(Shortened(UnitLabel(texts, prediction, attribution.units(i)), kLabelColumns));
    label_columns = std::max(label_columns, DisplayWidth(labels.back()));
  }
  std::string list;
  for (size_t row = 0; row < chosen.size(); ++row) {
    const double score = attribution.scores(chosen[row]);
    const double share = largest > 0 && std::isfinite(score) ? score / largest : 0;
    const std::string bar =
        is_signed ? TwoSidedBar(share, kTwoSidedBarColumns) : PaddedRight(Bar(share, kBarColumns), kBarColumns);
    absl::StrAppend(&list, "  ", PaddedRight(labels[row], label_columns), "  ", palette.InInk(bar, share),
                    absl::StrFormat("  %10s\n", ScoreText(score, largest, is_signed)));
  }
  return list;
}

std::string SpecialTokensLine(const v1::Attribution& attribution, const v1::Prediction& prediction,
                              const Palette& palette) {
  std::vector<std::string> named;
  double special = 0, all = 0;
  for (int i = 0; i < attribution.units_size(); ++i) {
    const double score = attribution.scores(i);
    all += std::abs(score);
    if (!attribution.units(i).is_special()) continue;
    special += std::abs(score);
    named.push_back(absl::StrCat(UnitLabel({}, prediction, attribution.units(i)), " ",
                                 ScoreText(score, LargestTextScore(attribution), attribution.card().is_signed())));
  }
  if (named.empty()) return "";
  std::string line = "  special tokens:";
  for (size_t i = 0; i < named.size(); ++i) absl::StrAppend(&line, i == 0 ? " " : ", ", named[i]);
  if (all > 0) absl::StrAppend(&line, " (", Percent(special / all), " of all)");
  return palette.Dim(line) + "\n";
}

}  // namespace limpid::client
