#include "lib/render/prediction_report.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/bars.h"
#include "lib/render/token_report.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr size_t kTitleColumns = 12, kLabelColumns = 28, kBarColumns = 30;
// Up to this many classes are shown all, in their order; of more only the best.
constexpr int kFewClasses = 8, kBestClasses = 5;
constexpr int kEmbeddingValues = 6;

std::vector<int> ShownClasses(const v1::ClassScores& classes) {
  std::vector<int> shown(static_cast<size_t>(classes.logits_size()));
  std::iota(shown.begin(), shown.end(), 0);
  if (classes.logits_size() <= kFewClasses) return shown;
  std::stable_sort(shown.begin(), shown.end(), [&](int a, int b) { return classes.logits(a) > classes.logits(b); });
  shown.resize(kBestClasses);
  return shown;
}

std::string ClassBars(const v1::ClassScores& classes, const Palette& palette) {
  const std::vector<int> shown = ShownClasses(classes);
  std::vector<std::string> labels;
  size_t columns = 0;
  for (const int index : shown) {
    labels.push_back(Shortened(ClassLabel(classes, index), kLabelColumns));
    columns = std::max(columns, DisplayWidth(labels.back()));
  }
  std::string bars;
  for (size_t row = 0; row < shown.size(); ++row) {
    const double share = classes.probabilities(shown[row]);
    absl::StrAppend(&bars, "  ", PaddedRight(labels[row], columns), "  ",
                    palette.InInk(PaddedRight(Bar(share, kBarColumns), kBarColumns), 1),
                    absl::StrFormat("  %8s   logit %.4g\n", Percent(share), classes.logits(shown[row])));
  }
  const int left_out = classes.logits_size() - static_cast<int>(shown.size());
  if (left_out > 0) absl::StrAppend(&bars, palette.Dim(absl::StrCat("  and ", left_out, " more classes")), "\n");
  return bars;
}

std::string ClassReport(const v1::ClassScores& classes, const Palette& palette) {
  const int predicted = classes.predicted_index();
  if (classes.probabilities().empty()) {
    std::string values;
    for (int i = 0; i < classes.logits_size(); ++i) {
      const std::string name = classes.logits_size() == 1 ? "" : ClassLabel(classes, i) + " ";
      absl::StrAppend(&values, i == 0 ? "" : ", ", name, absl::StrFormat("%.6g", classes.logits(i)));
    }
    return TitleLine("prediction", values, palette);
  }
  return TitleLine("prediction",
                   absl::StrCat(palette.Bold(ClassLabel(classes, predicted)), "  ",
                                Percent(classes.probabilities(predicted))),
                   palette) +
         (classes.logits_size() > 1 ? ClassBars(classes, palette) : "");
}

std::string EmbeddingReport(const v1::Embedding& embedding, const Palette& palette) {
  std::string text =
      absl::StrCat(embedding.values_size(), " values", embedding.normalized() ? " of length 1" : "", ":");
  const int shown = std::min(embedding.values_size(), kEmbeddingValues);
  for (int i = 0; i < shown; ++i) absl::StrAppendFormat(&text, " %.4f", embedding.values(i));
  if (shown < embedding.values_size()) text += " …";
  return TitleLine("embedding", text, palette);
}

}  // namespace

std::string TitleLine(std::string_view title, std::string_view text, const Palette& palette) {
  const size_t gap = title.size() < kTitleColumns ? kTitleColumns - title.size() : 2;
  return palette.Bold(title) + std::string(gap, ' ') + std::string(text) + "\n";
}

std::string ClassLabel(const v1::ClassScores& classes, int index) {
  if (index >= classes.labels_size() || classes.labels(index).empty()) return absl::StrCat("class ", index);
  return VisibleText(classes.labels(index));
}

std::string PredictionReport(const SentTexts& texts, const v1::Prediction& prediction, const Palette& palette) {
  std::string report;
  if (prediction.has_classes()) report = ClassReport(prediction.classes(), palette);
  if (prediction.has_token_classes()) report += TokenClassesReport(texts, prediction, palette);
  if (prediction.has_answer()) report = AnswerReport(texts, prediction, palette);
  if (prediction.has_embedding()) report = EmbeddingReport(prediction.embedding(), palette);
  if (prediction.truncated()) {
    report += TitleLine("note", "the text was shortened to fit the model: its end was not read", palette);
  }
  return report;
}

std::string SummaryReport(const v1::Summary& summary, const Palette& palette) {
  const v1::Timings& timings = summary.timings();
  const std::string time =
      absl::StrFormat("%.1f ms in the server: tokenize %.1f, queue %.1f, compute %.1f", timings.total_ms(),
                      timings.tokenize_ms(), timings.queue_ms(), timings.compute_ms());
  const std::string work = absl::StrFormat("%d tokens; rows: %d forward, %d backward", summary.tokens(),
                                           summary.rows_forward(), summary.rows_backward());
  const std::string model = VisibleText(summary.model().name());
  const std::string weights = VisibleText(summary.model().weights_sha256().substr(0, 12));
  return TitleLine("time", time, palette) + TitleLine("work", work, palette) +
         TitleLine("model", absl::StrCat(model, palette.Dim(absl::StrCat("  weights ", weights))), palette);
}

}  // namespace limpid::client
