#include "lib/render/edits_report.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/bars.h"
#include "lib/render/marked_text.h"
#include "lib/render/prediction_report.h"
#include "lib/render/visible_text.h"
#include "lib/render/wrapped.h"

namespace limpid::client {
namespace {

constexpr size_t kTitleColumns = 12;

std::string Line(const std::string& title, const std::vector<Stretch>& text, const Palette& palette, size_t columns) {
  return palette.Dim(PaddedRight("  " + title, kTitleColumns)) + Wrapped(text, kTitleColumns, columns, palette);
}

std::string ReductionWords(const v1::Edits& edits) {
  if (edits.outcome() == v1::Edits::OUTCOME_BUDGET_SPENT) return "the passes ran out before all was tried; best so far";
  if (edits.outcome() != v1::Edits::OUTCOME_FOUND) return "nothing can be taken out: the decision would be another";
  return edits.is_minimal() ? "verified minimal: the decision stays, and needs every word that is left"
                            : "best found: the decision stays; not verified that it needs every word that is left";
}

std::string FlipWords(const v1::Edits& edits) {
  if (edits.outcome() == v1::Edits::OUTCOME_BUDGET_SPENT) {
    return "no flip: the passes ran out before all was tried; best so far";
  }
  if (edits.outcome() != v1::Edits::OUTCOME_FOUND) return "no flip within the limits; the best that was tried";
  if (edits.edits().empty()) return "the target is behind from the start: no edit is needed";
  return edits.is_minimal() ? "verified minimal: the decision flips, and by no part of these edits alone"
                            : "best found: the decision flips; not verified that it takes all of these edits";
}

std::string ClassAndShare(const v1::ClassScores& classes, int index,
                          const google::protobuf::RepeatedField<float>& all) {
  const std::string label = ClassLabel(classes, index);
  return index < all.size() ? absl::StrCat(label, " ", Percent(all.Get(index))) : label;
}

std::string MarginWords(const v1::Edits& edits, const v1::Prediction& prediction) {
  const v1::ResolvedTarget& target = prediction.target();
  std::string words = absl::StrFormat("%+.4g -> %+.4g", edits.margin_before(), edits.margin_after());
  if (target.class_index() < 0) return words;
  absl::StrAppend(&words, "   logit of ", ClassLabel(prediction.classes(), target.class_index()), " minus that of ",
                  target.foil_index() >= 0 ? ClassLabel(prediction.classes(), target.foil_index()) : "the best other");
  return words;
}

// Single spaces only: where words were taken out their spaces stay.
std::string OneLine(const std::string& text) {
  std::string line = text;
  absl::RemoveExtraAsciiWhitespace(&line);
  return line.empty() ? "(nothing is left)" : VisibleText(line);
}

}  // namespace

std::string EditsReport(const v1::Attribution& attribution, const SentTexts& texts, const v1::Prediction& prediction,
                        const Palette& palette, size_t columns) {
  const v1::Edits& edits = attribution.edits();
  const v1::ClassScores& classes = prediction.classes();
  const bool is_reduction = attribution.card().method() == "input_reduction";
  const std::string decision = absl::StrCat(ClassAndShare(classes, edits.class_before(), classes.probabilities()),
                                            " -> ", ClassAndShare(classes, edits.class_after(), edits.probabilities()));
  std::string report = Line("result", {{is_reduction ? ReductionWords(edits) : FlipWords(edits)}}, palette, columns);
  report += Line("decision", {{decision}}, palette, columns);
  report += Line("margin", {{MarginWords(edits, prediction)}}, palette, columns);
  for (const int32_t sequence : {0, 1}) {
    const std::vector<Stretch> marked = MarkedText(edits, texts.Of(sequence), sequence);
    if (marked.empty()) continue;
    const std::string& text = sequence == 0 ? edits.text() : edits.text_pair();
    report += Line(sequence == 0 ? "edits" : "in pair", marked, palette, columns);
    report +=
        palette.Dim(PaddedRight(sequence == 0 ? "  new text" : "  new pair", kTitleColumns)) + OneLine(text) + "\n";
  }
  const char* scores =
      is_reduction ? "the margin lost without each word" : "the margin lost by each token's best single edit";
  return report + Line("scores", {{scores}}, palette, columns);
}

}  // namespace limpid::client
