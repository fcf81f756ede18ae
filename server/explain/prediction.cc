#include "explain/prediction.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "explain/refusals.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

using Task = engine::ModelCard::Task;

std::vector<double> Softmax(const std::vector<float>& logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  std::vector<double> values;
  double sum = 0;
  for (float logit : logits) sum += values.emplace_back(std::exp(logit - top));
  for (double& value : values) value /= sum;
  return values;
}

std::vector<double> Sigmoid(const std::vector<float>& logits) {
  std::vector<double> values;
  for (float logit : logits) values.push_back(1 / (1 + std::exp(-double{logit})));
  return values;
}

}  // namespace

std::vector<float> Probabilities(const engine::ModelCard& model, const std::vector<float>& logits) {
  if (model.task == Task::kClassification) return ToFloats(Softmax(logits));
  if (model.task == Task::kMultiLabel) return ToFloats(Sigmoid(logits));
  return {};
}

absl::Status CheckPrediction(const engine::Prediction& prediction, const engine::Target& target) {
  if (!AllFinite(prediction.logits) || !AllFinite(prediction.embedding) || !std::isfinite(prediction.target_value)) {
    return NonFinite("the model's output is not finite");
  }
  if (target.kind == engine::Target::Kind::kContrast && prediction.class_index == prediction.foil_index) {
    return absl::InvalidArgumentError(absl::StrCat("target.contrast.foil: is class ", prediction.foil_index,
                                                   ", which the model predicts; set target.contrast.target"));
  }
  return absl::OkStatus();
}

}  // namespace limpid::explain
