#include "explain/prediction.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "explain/refusals.h"
#include "explain/target.h"
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

// That it begins where it does and ends where it does.
float AnswerProbability(const engine::Prediction& prediction) {
  std::vector<float> begins, ends;
  for (size_t i = 0; i + 1 < prediction.token_logits.size(); i += 2) {
    begins.push_back(prediction.token_logits[i]);
    ends.push_back(prediction.token_logits[i + 1]);
  }
  const double begin = Softmax(begins)[static_cast<size_t>(prediction.answer.begin)];
  return static_cast<float>(begin * Softmax(ends)[static_cast<size_t>(prediction.answer.end) - 1]);
}

}  // namespace

std::vector<float> Probabilities(const engine::ModelCard& model, const std::vector<float>& logits) {
  if (logits.empty()) return {};
  if (model.task == Task::kClassification || model.has_position()) return ToFloats(Softmax(logits));
  if (model.task == Task::kMultiLabel) return ToFloats(Sigmoid(logits));
  return {};
}

std::vector<RankedToken> BestTokens(const std::vector<float>& logits, size_t count, const text::Tokenizer& tokenizer) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + static_cast<ptrdiff_t>(std::min(count, order.size()));
  const auto logit = [&](int32_t id) { return logits[static_cast<size_t>(id)]; };
  std::partial_sort(order.begin(), end, order.end(),
                    [&](int32_t a, int32_t b) { return std::pair(-logit(a), a) < std::pair(-logit(b), b); });
  const double log_sum = LogSumExp(logits);
  std::vector<RankedToken> best;
  for (auto id = order.begin(); id != end; ++id) {
    best.push_back({.id = *id,
                    .text = SpellingOf(tokenizer, *id),
                    .logit = logit(*id),
                    .log_prob = static_cast<float>(logit(*id) - log_sum)});
  }
  return best;
}

PredictionEvent MakePredictionEvent(const Model& model, const text::Encoding& encoding, const engine::Target& target,
                                    const engine::Prediction& prediction) {
  constexpr size_t kBestTokens = 10;
  const engine::ModelCard& card = model.engine->card();
  PredictionEvent event;
  event.tokens = encoding.tokens;
  event.truncated = encoding.truncated;
  event.prediction = prediction;
  event.target_description = DescribeTarget(target, prediction, card, *model.tokenizer);
  if (card.is_language_model()) {
    event.best_tokens = BestTokens(prediction.logits, kBestTokens, *model.tokenizer);
  } else {
    event.probabilities = Probabilities(card, prediction.logits);
  }
  if (card.task == Task::kQuestionAnswering) event.answer_probability = AnswerProbability(prediction);
  return event;
}

double LogSumExp(const std::vector<float>& logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit - top);
  return top + std::log(sum);
}

absl::Status CheckPrediction(const engine::Prediction& prediction, const engine::Target& target) {
  if (!AllFinite(prediction.logits) || !AllFinite(prediction.embedding) || !AllFinite(prediction.token_logits) ||
      !std::isfinite(prediction.target_value)) {
    return NonFinite("the model's output is not finite");
  }
  if (target.kind == engine::Target::Kind::kContrast && prediction.class_index == prediction.foil_index) {
    return absl::InvalidArgumentError(absl::StrCat("target.contrast.foil: is class ", prediction.foil_index,
                                                   ", which the model predicts; set target.contrast.target"));
  }
  return absl::OkStatus();
}

}  // namespace limpid::explain
