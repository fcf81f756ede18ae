#include "lib/render/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lib/render/head_grid.h"
#include "lib/render/heatmap.h"
#include "lib/render/prediction_report.h"
#include "lib/render/score_list.h"
#include "lib/render/unit_text.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

const char* AttachPointWords(v1::AttachPoint point) {
  switch (point) {
    case v1::ATTACH_POINT_WORD_EMBEDDING:
      return "at the word embedding";
    case v1::ATTACH_POINT_EMBEDDING_SUM:
      return "at the sum of the embeddings";
    case v1::ATTACH_POINT_EMBEDDING_OUTPUT:
      return "at the embedding module's output";
    default:
      return "";
  }
}

const char* ReductionWords(v1::Reduction reduction) {
  switch (reduction) {
    case v1::REDUCTION_L2:
      return "L2 norm";
    case v1::REDUCTION_L1:
      return "L1 norm";
    case v1::REDUCTION_MEAN_ABS:
      return "mean of |values|";
    case v1::REDUCTION_SUM:
      return "sum";
    default:
      return "";
  }
}

// The card in words, so that a method that this client has not heard of is described as well.
std::string CardWords(const v1::Attribution& attribution, const v1::Prediction& prediction) {
  const v1::MethodCard& card = attribution.card();
  std::vector<std::string> words;
  for (const char* phrase : {AttachPointWords(card.attach_point()), ReductionWords(card.reduction())}) {
    if (phrase[0] != '\0') words.push_back(phrase);
  }
  if (card.layer() >= 0) words.push_back(absl::StrCat("layer ", card.layer()));
  if (card.query_token() >= 0) {
    std::string query = absl::StrCat("seen from token ", card.query_token());
    if (card.query_token() < prediction.tokens_size()) {
      absl::StrAppend(&query, " ", VisibleText(prediction.tokens(card.query_token()).text()));
    }
    words.push_back(std::move(query));
  }
  if (!attribution.has_heads()) words.push_back(card.is_signed() ? "signed" : "size only");
  if (!card.depends_on_target()) words.push_back("the same for every target");
  return absl::StrJoin(words, ", ");
}

std::string MethodReport(const v1::Attribution& attribution, const v1::Prediction& prediction, const SentTexts& texts,
                         const ReportStyle& style) {
  const Palette& palette = style.palette;
  std::string report = absl::StrCat("\n", palette.Bold(VisibleText(attribution.card().method())));
  const std::string words = CardWords(attribution, prediction);
  absl::StrAppend(&report, words.empty() ? "" : "  ", palette.Dim(words), "\n");
  if (attribution.has_heads()) return report + HeadGrid(attribution.heads(), palette);
  if (palette.has_color()) {
    for (const int32_t sequence : {0, 1}) {
      report += Heatmap(attribution, texts, sequence, palette, style.columns);
    }
    report += HeatmapLegend(attribution, palette);
  }
  report += ScoreList(attribution, texts, prediction, style.top, palette);
  return report + SpecialTokensLine(attribution, prediction, palette);
}

std::string AttentionReport(const Explanation& explanation, bool is_saved, const Palette& palette) {
  if (explanation.attention.empty()) return "";
  const AttentionMaps& first = explanation.attention.front();
  std::vector<std::string> layers;
  for (const AttentionMaps& maps : explanation.attention) layers.push_back(absl::StrCat(maps.layer));
  const std::string heads = first.mean_over_heads ? absl::StrCat("the mean of ", first.heads.size(), " heads")
                                                  : absl::StrCat(first.heads.size(), " heads");
  const std::string text =
      absl::StrCat("layers ", absl::StrJoin(layers, ", "), ": ", heads, " of ", first.num_tokens, " x ",
                   first.num_tokens, first.encoding == v1::ENCODING_FLOAT16 ? " in fp16" : " in fp32",
                   is_saved ? "" : "; --npz or --safetensors FILE keeps them");
  return absl::StrCat("\n", TitleLine("attention", text, palette));
}

}  // namespace

std::string ExplanationReport(const v1::ExplainRequest& request, const Explanation& explanation,
                              const std::vector<std::string>& saved_to, const ReportStyle& style) {
  const v1::Prediction& prediction = explanation.prediction;
  const SentTexts texts{request.input().text(), request.input().text_pair()};
  std::string report = PredictionReport(prediction, style.palette);
  report += TitleLine("explained",
                      absl::StrCat(VisibleText(prediction.target().description()),
                                   absl::StrFormat(" = %.6g", prediction.target().value())),
                      style.palette);
  for (const v1::Attribution& attribution : explanation.attributions) {
    report += MethodReport(attribution, prediction, texts, style);
  }
  report += AttentionReport(explanation, !saved_to.empty(), style.palette);
  report += "\n";
  for (const std::string& saved : saved_to) report += TitleLine("saved", VisibleText(saved), style.palette);
  return report + SummaryReport(explanation.summary, style.palette);
}

}  // namespace limpid::client
