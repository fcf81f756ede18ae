#include "explain/canary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

constexpr double kOutputTolerance = 1e-3, kPredictionTolerance = 1e-4;

// Each is another output of the pass; all come out of one row.
struct Output {
  const char* name;
  const engine::HostTensor& (*of)(const engine::RowResult& result);
};
constexpr Output kOutputs[] = {
    {"the word embeddings", [](const engine::RowResult& result) -> auto& { return result.inputs[0]; }},
    {"the gradient", [](const engine::RowResult& result) -> auto& { return result.gradients[0]; }},
    {"the attention's gradient", [](const engine::RowResult& result) -> auto& { return result.gradient_attention; }},
    {"the heads' importance", [](const engine::RowResult& result) -> auto& { return result.head_importance; }},
};

// One whose gradient is never mere rounding. Hence a class that is named, since which one is predicted may hang on a
// rounding, and no mean output, which a last norm without weights makes constant.
engine::Target CanaryTarget(const engine::ModelCard& model) {
  engine::Target target;
  if (model.task == engine::ModelCard::Task::kQuestionAnswering) {
    target.kind = engine::Target::Kind::kAnswer;
    target.answer = {0, 1};
    return target;
  }
  if (model.has_classes()) {
    if (model.has_position() && !model.is_language_model()) target.position = 0;
    target.kind = engine::Target::Kind::kClass;
    target.class_index = 0;
    return target;
  }
  target.kind = engine::Target::Kind::kSimilarity;
  auto reference = std::make_shared<std::vector<float>>();
  for (int64_t i = 0; i < model.hidden_size; ++i) reference->push_back(std::sin(static_cast<float>(1 + i)));
  target.reference = std::move(reference);
  return target;
}

// The largest difference, relative to the largest of `known` or `least_scale`. Infinite for numbers that are none and
// lists of different length.
double Difference(std::span<const float> known, std::span<const float> answer, double least_scale) {
  if (known.size() != answer.size() || !AllFinite(answer)) return std::numeric_limits<double>::infinity();
  double scale = least_scale, largest = 0;
  for (size_t i = 0; i < known.size(); ++i) {
    scale = std::max(scale, std::abs(double{known[i]}));
    largest = std::max(largest, std::abs(double{known[i]} - answer[i]));
  }
  return largest == 0 ? 0 : largest / scale;
}

absl::Status Wrong(const std::string& what, double difference, double tolerance) {
  return absl::InternalError(absl::StrCat("canary: ", what, " differs by ", difference,
                                          " from the known answer, at most ", tolerance, " is rounding"));
}

}  // namespace

engine::Row CanaryRow(const engine::ModelCard& model, size_t length) {
  engine::Row row;
  length = std::min(length, static_cast<size_t>(model.max_tokens));
  // A prime stride, so that neighbours are unlike.
  for (size_t i = 0; i < length; ++i) {
    row.token_ids.push_back(static_cast<int32_t>((101 + 7919 * i) % static_cast<size_t>(model.vocab_size)));
  }
  row.type_ids.assign(length, 0);
  row.target = CanaryTarget(model);
  row.wanted.gradient_at[0] = true;
  row.wanted.gradient_attention = true;
  row.wanted.head_importance = true;
  return row;
}

absl::StatusOr<CanaryAnswer> AnswerOf(const engine::RowResult& result) {
  const engine::Prediction& prediction = result.prediction;
  CanaryAnswer answer{.prediction = prediction.logits.empty() ? prediction.embedding : prediction.logits,
                      .outputs = {}};
  answer.prediction.push_back(prediction.target_value);
  if (!AllFinite(answer.prediction)) return absl::InternalError("canary: the prediction is not a finite number");
  for (const Output& output : kOutputs) {
    const std::span<const float> values = output.of(result).values;
    if (!AllFinite(values)) return absl::InternalError(absl::StrCat("canary: ", output.name, " is not finite"));
    answer.outputs.emplace_back(values.begin(), values.end());
  }
  return answer;
}

absl::Status CompareCanary(const CanaryAnswer& known, const CanaryAnswer& answer) {
  const double prediction = Difference(known.prediction, answer.prediction, /*least_scale=*/1);
  if (prediction > kPredictionTolerance) return Wrong("the prediction", prediction, kPredictionTolerance);
  for (size_t i = 0; i < known.outputs.size(); ++i) {
    const double output = Difference(known.outputs[i], answer.outputs.at(i), /*least_scale=*/0);
    if (output > kOutputTolerance) return Wrong(kOutputs[i].name, output, kOutputTolerance);
  }
  return absl::OkStatus();
}

}  // namespace limpid::explain
