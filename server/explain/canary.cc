#include "explain/canary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/method_runs.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

constexpr double kScoreTolerance = 1e-3, kPredictionTolerance = 1e-4;

// Each reads another output of the backward pass.
const std::vector<MethodSpec>& CanaryMethods() {
  static const auto& methods = *new std::vector<MethodSpec>{SaliencySpec{}, GradientXInputSpec{},
                                                            GradientWeightedAttentionSpec{}, HeadImportanceSpec{}};
  return methods;
}

MethodRuns MakeRuns() { return MethodRuns(MakeMethods(CanaryMethods())); }

// As far as methods look at it.
text::Encoding EncodingOf(const engine::Row& row) {
  text::Encoding encoding;
  for (int32_t id : row.token_ids) encoding.tokens.emplace_back().id = id;
  return encoding;
}

// One whose gradient is never mere rounding. Hence a class that is named, since which one is predicted may hang on a
// rounding, and no mean output, which a last norm without weights makes constant.
engine::Target CanaryTarget(const engine::ModelCard& model) {
  engine::Target target;
  if (model.task != engine::ModelCard::Task::kEmbedding) {
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
  const text::Encoding encoding = EncodingOf(row);
  engine::Wanted wanted;
  MakeRuns().Plan({model, encoding, {}, row}, &wanted);
  row.wanted = std::move(wanted);
  return row;
}

absl::StatusOr<CanaryAnswer> AnswerOf(const engine::ModelCard& model, const engine::RowResult& result) {
  const engine::Row row = CanaryRow(model, kCanaryTokens);
  const text::Encoding encoding = EncodingOf(row);
  const engine::Prediction& prediction = result.prediction;
  CanaryAnswer answer{.prediction = prediction.logits.empty() ? prediction.embedding : prediction.logits, .scores = {}};
  answer.prediction.push_back(prediction.target_value);
  if (!AllFinite(answer.prediction)) return absl::InternalError("canary: the prediction is not a finite number");
  MethodRuns runs = MakeRuns();
  const MethodInput input = {model, encoding, {}, row};
  engine::Wanted wanted;
  runs.Plan(input, &wanted);
  ABSL_RETURN_IF_ERROR(runs.Fold(input, result, {},
                                 [&](size_t, TokenScores scores) {
                                   const auto& heads = scores.head_scores.values;
                                   answer.scores.push_back(heads.empty()
                                                               ? std::move(scores.scores)
                                                               : std::vector<float>(heads.begin(), heads.end()));
                                 })
                           .status());
  return answer;
}

absl::Status CompareCanary(const CanaryAnswer& known, const CanaryAnswer& answer) {
  const double prediction = Difference(known.prediction, answer.prediction, /*least_scale=*/1);
  if (prediction > kPredictionTolerance) return Wrong("the prediction", prediction, kPredictionTolerance);
  for (size_t i = 0; i < known.scores.size(); ++i) {
    const double scores = Difference(known.scores[i], answer.scores.at(i), /*least_scale=*/0);
    if (scores > kScoreTolerance)
      return Wrong(std::string(MakeMethod(CanaryMethods()[i])->name()), scores, kScoreTolerance);
  }
  return absl::OkStatus();
}

}  // namespace limpid::explain
