#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "engine/pass/class_score.h"
#include "engine/pass/target.h"

namespace limpid::engine {
namespace {

using Task = ModelCard::Task;

// As BERT's own evaluation on SQuAD (Devlin et al. 2018).
constexpr int32_t kMaxAnswerTokens = 30;

std::span<const float> LogitsAt(const Prediction& prediction, int32_t token, size_t classes) {
  return std::span(prediction.token_logits).subspan(static_cast<size_t>(token) * classes, classes);
}

// Of an answer's begin (0) or end (1), of all tokens.
std::vector<float> Column(const Prediction& prediction, size_t column) {
  std::vector<float> values;
  for (size_t i = column; i < prediction.token_logits.size(); i += 2) values.push_back(prediction.token_logits[i]);
  return values;
}

// What may be chosen; all tokens where that is none.
std::vector<int32_t> Candidates(const Target& target, size_t num_tokens) {
  std::vector<int32_t> tokens;
  for (size_t t = 0; t < num_tokens; ++t) {
    if (target.candidates == nullptr || (*target.candidates)[t] != 0) tokens.push_back(static_cast<int32_t>(t));
  }
  if (tokens.empty()) return Candidates({}, num_tokens);
  return tokens;
}

// The token whose label is surest; one that is outside only where all are.
int32_t ChooseToken(const Target& target, int32_t outside, size_t classes, const Prediction& prediction) {
  int32_t chosen = 0;
  std::pair<bool, double> best = {false, -1};
  for (const int32_t token : Candidates(target, prediction.token_logits.size() / classes)) {
    const std::span<const float> z = LogitsAt(prediction, token, classes);
    const int32_t label = ArgMax(z, -1);
    const std::pair<bool, double> sure = {label != outside, ClassScore(Score::kProb, Task::kClassification, z, label)};
    if (sure <= best) continue;
    best = sure;
    chosen = token;
  }
  return chosen;
}

TokenRange ChooseAnswer(const Target& target, const Prediction& prediction) {
  const std::vector<float> begins = Column(prediction, 0), ends = Column(prediction, 1);
  const std::vector<int32_t> candidates = Candidates(target, begins.size());
  TokenRange answer;
  double best = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    for (size_t j = i; j < candidates.size() && candidates[j] - candidates[i] < kMaxAnswerTokens; ++j) {
      const int32_t first = candidates[i], last = candidates[j];
      const double score = double{begins[static_cast<size_t>(first)]} + ends[static_cast<size_t>(last)];
      if (answer.end > 0 && score <= best) continue;
      best = score;
      answer = {first, last + 1};
    }
  }
  return answer;
}

double AnswerScore(const Target& target, const Prediction& prediction) {
  const auto score = [&](Score form) {
    const Task task = Task::kClassification;
    return ClassScore(form, task, Column(prediction, 0), prediction.target_tokens.begin) +
           ClassScore(form, task, Column(prediction, 1), prediction.target_tokens.end - 1);
  };
  return target.score == Score::kProb ? std::exp(score(Score::kLogProb)) : score(target.score);
}

}  // namespace

void ResolveTokenTarget(const Target& target, Task task, size_t classes, int32_t outside, Prediction* prediction) {
  if (task == Task::kQuestionAnswering) {
    prediction->answer = ChooseAnswer(target, *prediction);
    if (target.kind != Target::Kind::kAnswer) return;
    prediction->target_tokens = target.answer.begin == Target::kUnset ? prediction->answer : target.answer;
    prediction->target_value = static_cast<float>(AnswerScore(target, *prediction));
    return;
  }
  const int32_t token =
      target.position != Target::kUnset ? target.position : ChooseToken(target, outside, classes, *prediction);
  const std::span<const float> z = LogitsAt(*prediction, token, classes);
  prediction->logits.assign(z.begin(), z.end());
  prediction->target_tokens = {token, token + 1};
  ResolveClassTarget(target, task, prediction);
}

std::vector<float> TokenTargetGradient(const Target& target, Task task, const Prediction& prediction) {
  std::vector<float> gradient(prediction.token_logits.size(), 0);
  if (task != Task::kQuestionAnswering) {
    const std::vector<float> of_token = ClassTargetGradient(target, task, prediction);
    const auto begin = static_cast<size_t>(prediction.target_tokens.begin) * of_token.size();
    std::ranges::copy(of_token, gradient.begin() + static_cast<ptrdiff_t>(begin));
    return gradient;
  }
  // d exp(s) = exp(s) ds.
  const double factor = target.score == Score::kProb ? prediction.target_value : 1;
  const Score form = target.score == Score::kLogit ? Score::kLogit : Score::kLogProb;
  const int32_t places[] = {prediction.target_tokens.begin, prediction.target_tokens.end - 1};
  for (size_t column = 0; column < 2; ++column) {
    const std::vector<float> z = Column(prediction, column);
    std::vector<double> of_column(z.size(), 0);
    AddClassScoreGradient(form, Task::kClassification, z, places[column], factor, &of_column);
    for (size_t t = 0; t < z.size(); ++t) gradient[2 * t + column] = static_cast<float>(of_column[t]);
  }
  return gradient;
}

}  // namespace limpid::engine
