#include "lib/render/attack_report.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/bars.h"
#include "lib/render/card_words.h"
#include "lib/render/edits_report.h"
#include "lib/render/prediction_report.h"
#include "lib/render/visible_text.h"
#include "lib/render/wrapped.h"
#include "lib/request/message_options.h"

namespace limpid::client {
namespace {

constexpr char kMethod[] = "method";
constexpr char kRow[] = "  %8s  %9s  %7s  %5s  %7s  %7s  %6s\n";

std::string RereadingLine(const v1::Edits& edits, const std::optional<v1::Prediction>& rereading,
                          const Palette& palette) {
  if (!rereading.has_value()) return "";
  const v1::ClassScores& classes = rereading->classes();
  const int predicted = classes.predicted_index();
  const std::string share =
      predicted < classes.probabilities_size() ? absl::StrCat(" ", Percent(classes.probabilities(predicted))) : "";
  return absl::StrCat(palette.Dim("  as text   "), ClassLabel(classes, predicted), share,
                      HoldsAsText(edits, *rereading)
                          ? "   the same when the model reads the new text"
                          : "   it does not hold: the tokenizer reads the new text otherwise",
                      "\n");
}

std::string Decimals(const std::optional<double>& value, int places) {
  return value.has_value() ? absl::StrFormat("%.*f", places, *value) : "-";
}

Json OrNull(const std::optional<double>& value) { return value.has_value() ? Json(*value) : Json(); }

}  // namespace

std::string AttackReport(const v1::ExplainRequest& request, const Attacked& attacked, const Palette& palette,
                         size_t columns) {
  const SentTexts texts{request.input().text(), request.input().text_pair()};
  const v1::Prediction& prediction = attacked.explanation.prediction;
  std::string report = PredictionReport(texts, prediction, palette);
  for (size_t i = 0; i < attacked.rereadings.size(); ++i) {
    const v1::Attribution& attribution = attacked.explanation.attributions[i];
    const std::string name = VisibleText(attribution.card().method());
    absl::StrAppend(
        &report, "\n", palette.Bold(name), "  ",
        Wrapped({{CardWords(attribution, prediction), 0, /*is_dim=*/true}}, DisplayWidth(name) + 2, columns, palette),
        EditsReport(attribution, texts, prediction, palette, columns),
        RereadingLine(attribution.edits(), attacked.rereadings[i], palette));
  }
  return absl::StrCat(report, "\n", SummaryReport(attacked.explanation.summary, palette));
}

Json AttackJson(const v1::ExplainRequest& request, const Attacked& attacked) {
  Json rereadings = Json::array();
  for (const std::optional<v1::Prediction>& rereading : attacked.rereadings) {
    rereadings.push_back(rereading.has_value() ? ToJson(*rereading) : Json());
  }
  Json json = {{"request", ToJson(request)}, {"rereadings", std::move(rereadings)}};
  json.update(ToJson(attacked.explanation));
  return json;
}

std::string AttackTable(const std::vector<std::string>& methods, const std::vector<AttackTally>& tallies,
                        const Palette& palette) {
  size_t columns = sizeof(kMethod) - 1;
  for (const std::string& method : methods) columns = std::max(columns, DisplayWidth(VisibleText(method)));
  std::string table =
      palette.Dim(PaddedRight(kMethod, columns) +
                  absl::StrFormat(kRow, "attacked", "succeeded", "rate", "edits", "minimal", "as text", "passes"));
  for (size_t i = 0; i < methods.size(); ++i) {
    const AttackTally& tally = tallies[i];
    const std::optional<double> rate = tally.success_rate();
    absl::StrAppend(&table, PaddedRight(VisibleText(methods[i]), columns),
                    absl::StrFormat(kRow, absl::StrCat(tally.attacked), absl::StrCat(tally.succeeded),
                                    rate.has_value() ? Percent(*rate) : "-", Decimals(tally.mean_edits(), 2),
                                    absl::StrCat(tally.minimal), absl::StrCat(tally.hold_as_text),
                                    Decimals(tally.mean_passes(), 1)));
  }
  for (size_t i = 0; i < methods.size(); ++i) {
    if (tallies[i].out_of_passes == 0) continue;
    absl::StrAppend(&table, VisibleText(methods[i]), " ran out of passes on ", tallies[i].out_of_passes,
                    ": --max-passes gives more.\n");
  }
  return table;
}

Json AttackTableJson(const std::vector<std::string>& methods, const std::vector<AttackTally>& tallies) {
  Json table = Json::array();
  for (size_t i = 0; i < methods.size(); ++i) {
    const AttackTally& tally = tallies[i];
    table.push_back({{"method", methods[i]},
                     {"attacked", tally.attacked},
                     {"succeeded", tally.succeeded},
                     {"success_rate", OrNull(tally.success_rate())},
                     {"mean_edits", OrNull(tally.mean_edits())},
                     {"minimal", tally.minimal},
                     {"reread", tally.reread},
                     {"hold_as_text", tally.hold_as_text},
                     {"out_of_passes", tally.out_of_passes},
                     {"mean_passes", OrNull(tally.mean_passes())}});
  }
  return table;
}

Json AttackedTextJson(const Attacked& attacked) {
  Json all = Json::array();
  for (size_t i = 0; i < attacked.rereadings.size(); ++i) {
    const v1::Attribution& attribution = attacked.explanation.attributions[i];
    const v1::Edits& edits = attribution.edits();
    const std::optional<v1::Prediction>& rereading = attacked.rereadings[i];
    all.push_back({{"method", attribution.card().method()},
                   {"was_ahead", WasAhead(edits)},
                   {"outcome", TypedValue(*v1::Edits::Outcome_descriptor(), edits.outcome())},
                   {"edits", edits.edits_size()},
                   {"is_minimal", edits.is_minimal()},
                   {"text", edits.text()},
                   {"holds_as_text", rereading.has_value() ? Json(HoldsAsText(edits, *rereading)) : Json()}});
  }
  return all;
}

}  // namespace limpid::client
