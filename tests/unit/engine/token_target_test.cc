// The target of models that decide about each token: which token, which answer, and the gradient toward it.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "engine/pass/target.h"

namespace limpid::engine {
namespace {

using Task = ModelCard::Task;

constexpr int32_t kOutside = 0;

Prediction Of(std::vector<float> token_logits) {
  Prediction prediction;
  prediction.token_logits = std::move(token_logits);
  return prediction;
}

std::shared_ptr<const std::vector<uint8_t>> Candidates(std::vector<uint8_t> tokens) {
  return std::make_shared<const std::vector<uint8_t>>(std::move(tokens));
}

// Four tokens of three labels: the first is surely outside, the second and the last have a label, the last more surely.
const std::vector<float>& Labels() {
  static const auto& logits = *new std::vector<float>{9, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0, 5};
  return logits;
}

int32_t Chosen(Target target, std::vector<float> logits = Labels()) {
  Prediction prediction = Of(std::move(logits));
  ResolveTokenTarget(target, Task::kTokenClassification, 3, kOutside, &prediction);
  EXPECT_EQ(prediction.target_tokens.end, prediction.target_tokens.begin + 1);
  const auto begin = static_cast<size_t>(prediction.target_tokens.begin) * 3;
  EXPECT_EQ(prediction.logits, std::vector<float>(prediction.token_logits.begin() + static_cast<ptrdiff_t>(begin),
                                                  prediction.token_logits.begin() + static_cast<ptrdiff_t>(begin + 3)));
  return prediction.target_tokens.begin;
}

TEST(TokenTarget, IsTheSurestTokenWithALabel) {
  EXPECT_EQ(Chosen({}), 3);
  EXPECT_EQ(Chosen({.position = 1}), 1);
  EXPECT_EQ(Chosen({.candidates = Candidates({1, 1, 1, 0})}), 1);
  EXPECT_EQ(Chosen({.candidates = Candidates({1, 0, 1, 0})}), 0) << "the surest where none has a label";
  EXPECT_EQ(Chosen({.candidates = Candidates({0, 0, 0, 0})}), 3) << "all may be chosen where none may";
}

TEST(TokenTarget, ItsClassIsResolvedAsThatOfAClassifier) {
  Prediction prediction = Of(Labels());
  ResolveTokenTarget({.kind = Target::Kind::kContrast, .position = 1}, Task::kTokenClassification, 3, kOutside,
                     &prediction);
  EXPECT_EQ(prediction.class_index, 1);
  EXPECT_EQ(prediction.foil_index, 2);
  EXPECT_FLOAT_EQ(prediction.target_value, 1);
}

// Begin and end of five tokens: the best begin stands behind the best end.
const std::vector<float>& Ends() {
  static const auto& logits = *new std::vector<float>{0, 1, 1, 6, 0, 3, 5, 0, 2, 2.5f};
  return logits;
}

Prediction Answered(const Target& target, std::vector<float> logits = Ends()) {
  Prediction prediction = Of(std::move(logits));
  ResolveTokenTarget(target, Task::kQuestionAnswering, 2, -1, &prediction);
  return prediction;
}

TEST(AnswerTarget, EndsWhereItBeginsOrBehind) {
  const Prediction prediction = Answered({.kind = Target::Kind::kAnswer});
  EXPECT_EQ(prediction.answer, (TokenRange{3, 5})) << "5 + 2.5; 1 + 6 is less, 5 + 6 is backwards";
  EXPECT_EQ(prediction.target_tokens, prediction.answer);
  EXPECT_FLOAT_EQ(prediction.target_value, 7.5f);
  EXPECT_EQ(Answered({.candidates = Candidates({1, 1, 1, 0, 0})}).answer, (TokenRange{1, 2}));
}

TEST(AnswerTarget, HasThirtyTokensAtMost) {
  std::vector<float> logits(80, 0);
  logits[0] = 9;           // begins at 0
  logits[2 * 30 + 1] = 9;  // ends at 30: 31 tokens
  logits[2 * 29 + 1] = 5;  // ends at 29: 30 tokens
  EXPECT_EQ(Answered({}, logits).answer, (TokenRange{0, 30}));
}

TEST(AnswerTarget, MayBeAnotherThanThePredicted) {
  const Prediction prediction = Answered({.kind = Target::Kind::kAnswer, .answer = {1, 3}});
  EXPECT_EQ(prediction.answer, (TokenRange{3, 5}));
  EXPECT_EQ(prediction.target_tokens, (TokenRange{1, 3}));
  EXPECT_FLOAT_EQ(prediction.target_value, 4);
}

class TokenGradient : public testing::TestWithParam<Score> {};

// Against differences of the value, both tasks.
TEST_P(TokenGradient, IsThatOfTheValue) {
  constexpr float kStep = 1e-2f;
  const struct {
    Target target;
    Task task;
    size_t classes;
    std::vector<float> logits;
  } cases[] = {
      {{.kind = Target::Kind::kAnswer, .score = GetParam(), .answer = {1, 3}}, Task::kQuestionAnswering, 2, Ends()},
      {{.kind = Target::Kind::kClass, .score = GetParam(), .class_index = 2, .position = 1},
       Task::kTokenClassification,
       3,
       Labels()}};
  for (const auto& c : cases) {
    const auto resolved = [&](std::vector<float> logits) {
      Prediction prediction = Of(std::move(logits));
      ResolveTokenTarget(c.target, c.task, c.classes, kOutside, &prediction);
      return prediction;
    };
    const std::vector<float> gradient = TokenTargetGradient(c.target, c.task, resolved(c.logits));
    ASSERT_EQ(gradient.size(), c.logits.size());
    for (size_t i = 0; i < gradient.size(); ++i) {
      std::vector<float> up = c.logits, down = c.logits;
      up[i] += kStep;
      down[i] -= kStep;
      const float slope = (resolved(up).target_value - resolved(down).target_value) / (2 * kStep);
      EXPECT_NEAR(gradient[i], slope, 2e-4) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Scores, TokenGradient, testing::Values(Score::kLogit, Score::kLogProb, Score::kProb));

}  // namespace
}  // namespace limpid::engine
