#include "lib/attack/attack.h"

#include <utility>

namespace limpid::client {
namespace {

std::optional<double> Ratio(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

absl::StatusOr<std::optional<v1::Prediction>> Reread(const ExplainClient& client, const v1::ExplainRequest& request,
                                                     const v1::Edits& edits) {
  if (!HasSucceeded(edits) || edits.text().empty()) return std::nullopt;
  v1::PredictRequest predict;
  predict.set_model(request.model());
  *predict.mutable_input() = request.input();
  predict.mutable_input()->set_text(edits.text());
  predict.mutable_input()->set_text_pair(edits.text_pair());
  absl::StatusOr<v1::PredictResponse> response = client.Predict(predict);
  // A text that the model does not take, such as one that has become too long, is no failure of the attack.
  if (absl::IsInvalidArgument(response.status())) return std::nullopt;
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_prediction());
}

}  // namespace

absl::StatusOr<Attacked> AttackText(const ExplainClient& client, const v1::ExplainRequest& request) {
  absl::StatusOr<Explanation> explanation = client.Explain(request);
  if (!explanation.ok()) return explanation.status();
  Attacked attacked{*std::move(explanation), {}};
  for (const v1::Attribution& attribution : attacked.explanation.attributions) {
    auto rereading = Reread(client, request, attribution.edits());
    if (!rereading.ok()) return rereading.status();
    attacked.rereadings.push_back(*std::move(rereading));
  }
  return attacked;
}

bool IsEditMethod(const v1::Method& method) {
  return method.has_hot_flip() || method.has_input_reduction() || method.has_counterfactual();
}

bool WasAhead(const v1::Edits& edits) { return edits.margin_before() > 0; }

bool HasSucceeded(const v1::Edits& edits) {
  return WasAhead(edits) && edits.outcome() == v1::Edits::OUTCOME_FOUND && !edits.edits().empty();
}

bool HoldsAsText(const v1::Edits& edits, const v1::Prediction& rereading) {
  return rereading.classes().predicted_index() == edits.class_after();
}

void AttackTally::Add(const v1::Attribution& attribution, const std::optional<v1::Prediction>& rereading) {
  const v1::Edits& found = attribution.edits();
  if (!WasAhead(found)) return;
  ++attacked;
  passes += attribution.card().rows();
  if (!HasSucceeded(found)) {
    out_of_passes += found.outcome() == v1::Edits::OUTCOME_BUDGET_SPENT;
    return;
  }
  ++succeeded;
  edits += static_cast<uint64_t>(found.edits_size());
  minimal += found.is_minimal();
  reread += rereading.has_value();
  hold_as_text += rereading.has_value() && HoldsAsText(found, *rereading);
}

std::optional<double> AttackTally::success_rate() const { return Ratio(succeeded, attacked); }
std::optional<double> AttackTally::mean_edits() const { return Ratio(edits, succeeded); }
std::optional<double> AttackTally::mean_passes() const { return Ratio(passes, attacked); }

}  // namespace limpid::client
