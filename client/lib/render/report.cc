#include "lib/render/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lib/render/card_words.h"
#include "lib/render/completeness_report.h"
#include "lib/render/edits_report.h"
#include "lib/render/head_grid.h"
#include "lib/render/heatmap.h"
#include "lib/render/prediction_report.h"
#include "lib/render/quality_table.h"
#include "lib/render/score_list.h"
#include "lib/render/token_pairs.h"
#include "lib/render/unit_text.h"
#include "lib/render/visible_text.h"
#include "lib/render/wrapped.h"

namespace limpid::client {
namespace {

std::string MethodReport(const v1::ExplainRequest& request, const Explanation& explanation,
                         const v1::Attribution& attribution, const ReportStyle& style) {
  const Palette& palette = style.palette;
  const v1::Prediction& prediction = explanation.prediction;
  const SentTexts texts{request.input().text(), request.input().text_pair()};
  const std::string name = VisibleText(attribution.card().method());
  std::string report = absl::StrCat("\n", palette.Bold(name));
  if (const std::string words = CardWords(attribution, prediction); words.empty()) {
    report += "\n";
  } else {
    absl::StrAppend(&report, "  ",
                    Wrapped({{words, 0, /*is_dim=*/true}}, DisplayWidth(name) + 2, style.columns, palette));
  }
  if (attribution.has_heads()) return report + HeadGrid(attribution.heads(), palette);
  if (attribution.has_edits()) report += EditsReport(attribution, texts, prediction, palette, style.columns);
  if (palette.has_color()) {
    for (const int32_t sequence : {0, 1}) {
      report += Heatmap(attribution, texts, sequence, palette, style.columns);
    }
    report += HeatmapLegend(attribution, palette);
  }
  report += ScoreList(attribution, texts, prediction, style.top, palette);
  report += SpecialTokensLine(attribution, prediction, palette);
  if (attribution.has_matrix()) report += TokenPairs(attribution, prediction, style.top, palette);
  const v1::Method& method = request.methods(static_cast<int>(attribution.method_index()));
  report += CompletenessReport(method, attribution, explanation.refinements, palette, style.columns);
  return report + QualityTable(request.quality(), explanation, attribution, palette);
}

std::string AttentionReport(const Explanation& explanation, bool is_saved, const Palette& palette) {
  if (explanation.attention.empty()) return "";
  const AttentionMaps& first = explanation.attention.front();
  std::vector<std::string> layers;
  for (const AttentionMaps& maps : explanation.attention) layers.push_back(absl::StrCat(maps.layer));
  const std::string heads = first.mean_over_heads ? absl::StrCat("the mean of ", first.heads.size(), " heads")
                                                  : absl::StrCat(first.heads.size(), " heads");
  const std::string text = absl::StrCat(
      "layers ", absl::StrJoin(layers, ", "), ": ", heads, " of ", first.num_tokens, " x ", first.num_tokens,
      first.key_positions.empty() ? "" : absl::StrCat(", the ", first.num_keys, " largest of each row,"),
      first.encoding == v1::ENCODING_FLOAT16 ? " in fp16" : " in fp32",
      is_saved ? "" : "; --npz or --safetensors FILE keeps them");
  return absl::StrCat("\n", TitleLine("attention", text, palette));
}

}  // namespace

std::string ExplanationReport(const v1::ExplainRequest& request, const Explanation& explanation,
                              const std::vector<std::string>& saved_to, const ReportStyle& style) {
  const v1::Prediction& prediction = explanation.prediction;
  std::string report =
      PredictionReport({request.input().text(), request.input().text_pair()}, prediction, style.palette);
  report += TitleLine("explained",
                      absl::StrCat(VisibleText(prediction.target().description()),
                                   absl::StrFormat(" = %.6g", prediction.target().value())),
                      style.palette);
  for (const v1::Attribution& attribution : explanation.attributions) {
    report += MethodReport(request, explanation, attribution, style);
  }
  report += AttentionReport(explanation, !saved_to.empty(), style.palette);
  report += "\n";
  for (const std::string& saved : saved_to) report += TitleLine("saved", VisibleText(saved), style.palette);
  return report + SummaryReport(explanation.summary, style.palette);
}

}  // namespace limpid::client
