#include "lib/render/token_report.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/render/bars.h"
#include "lib/render/prediction_report.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr char kOutside[] = "O";
constexpr size_t kMostLabels = 40;

v1::Unit UnitOf(const v1::Prediction& prediction, int token) {
  const v1::Token& found = prediction.tokens(token);
  v1::Unit unit;
  unit.set_begin_token(static_cast<uint32_t>(token));
  unit.set_end_token(static_cast<uint32_t>(token) + 1);
  unit.set_sequence(found.sequence());
  unit.set_begin_byte(found.begin_byte());
  unit.set_end_byte(found.end_byte());
  return unit;
}

// softmax of the token's logits, of the label that it has.
double Share(const v1::TokenClasses& classes, int num_labels, int token) {
  const int begin = token * num_labels;
  const float top = classes.logits(begin + classes.predicted_indices(token));
  double sum = 0;
  for (int i = 0; i < num_labels; ++i) sum += std::exp(double{classes.logits(begin + i)} - top);
  return 1 / sum;
}

}  // namespace

std::string TokenClassesReport(const SentTexts& texts, const v1::Prediction& prediction, const Palette& palette) {
  const v1::TokenClasses& classes = prediction.token_classes();
  std::vector<std::string> labelled;
  size_t left_out = 0;
  for (int token = 0; token < classes.predicted_indices_size(); ++token) {
    const std::string label = ClassLabel(prediction.classes(), classes.predicted_indices(token));
    if (prediction.tokens(token).is_special() || label == kOutside) continue;
    if (labelled.size() == kMostLabels) {
      ++left_out;
      continue;
    }
    labelled.push_back(absl::StrCat(UnitLabel(texts, prediction, UnitOf(prediction, token)), " ", palette.Bold(label),
                                    " ", Percent(Share(classes, prediction.classes().logits_size(), token))));
  }
  const auto target = static_cast<int>(prediction.target().begin_token());
  std::string all = labelled.empty() ? "no token has a label" : absl::StrJoin(labelled, ", ");
  if (left_out > 0) absl::StrAppend(&all, " and ", left_out, " more");
  return TitleLine("token", absl::StrCat(target, ", ", UnitLabel(texts, prediction, UnitOf(prediction, target))),
                   palette) +
         TitleLine("labels", all, palette);
}

std::string AnswerReport(const SentTexts& texts, const v1::Prediction& prediction, const Palette& palette) {
  const v1::AnswerSpan& answer = prediction.answer();
  v1::Unit unit;
  unit.set_begin_token(answer.begin_token());
  unit.set_end_token(answer.end_token());
  unit.set_sequence(answer.sequence());
  unit.set_begin_byte(answer.begin_byte());
  unit.set_end_byte(answer.end_byte());
  return TitleLine(
      "answer",
      absl::StrCat(palette.Bold(UnitLabel(texts, prediction, unit)), "  ", Percent(answer.probability()),
                   palette.Dim(absl::StrCat("  tokens ", answer.begin_token(), " to ", answer.end_token() - 1))),
      palette);
}

}  // namespace limpid::client
