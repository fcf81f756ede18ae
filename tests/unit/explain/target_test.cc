#include "explain/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using engine::Score;
using engine::Target;
using testing::ClassifierCard;
using testing::EncoderCard;
using testing::FakeTokenizer;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Task = engine::ModelCard::Task;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TargetSpec ClassSpec(ClassRef target, Score score = Score::kLogit) {
  TargetSpec spec;
  spec.kind = TargetSpec::Kind::kClass;
  spec.target = std::move(target);
  spec.score = score;
  return spec;
}

TargetSpec ContrastSpec(ClassRef target, ClassRef foil) {
  TargetSpec spec;
  spec.kind = TargetSpec::Kind::kContrast;
  spec.target = std::move(target);
  spec.foil = std::move(foil);
  return spec;
}

TargetSpec KindSpec(TargetSpec::Kind kind, Score score = Score::kLogit) {
  TargetSpec spec;
  spec.kind = kind;
  spec.score = score;
  return spec;
}

ClassRef Index(int32_t index) { return {.index = index, .label = std::nullopt}; }
ClassRef Label(std::string label) { return {.index = std::nullopt, .label = std::move(label)}; }

engine::ModelCard RegressionCard() {
  engine::ModelCard card = ClassifierCard();
  card.task = Task::kRegression;
  card.labels = {"LABEL_0"};
  return card;
}

TEST(ResolveTarget, DefaultIsThePredictedClassOfAClassifier) {
  for (const engine::ModelCard& card : {ClassifierCard(), RegressionCard()}) {
    const auto target = ResolveTarget({}, card, FakeTokenizer());
    ASSERT_THAT(target, IsOk());
    EXPECT_EQ(target->kind, Target::Kind::kClass);
    EXPECT_EQ(target->class_index, Target::kPredicted);
    EXPECT_EQ(target->score, Score::kLogit);
  }
}

TEST(ResolveTarget, DefaultIsTheMeanOutputOfAnEncoder) {
  const auto target = ResolveTarget({}, EncoderCard(), FakeTokenizer());
  ASSERT_THAT(target, IsOk());
  EXPECT_EQ(target->kind, Target::Kind::kMeanOutput);
}

TEST(ResolveTarget, FindsClassesByIndexAndByLabel) {
  const auto by_index = ResolveTarget(ClassSpec(Index(1), Score::kProb), ClassifierCard(), FakeTokenizer());
  ASSERT_THAT(by_index, IsOk());
  EXPECT_EQ(by_index->class_index, 1);
  EXPECT_EQ(by_index->score, Score::kProb);
  const auto by_label = ResolveTarget(ClassSpec(Label("declined")), ClassifierCard(), FakeTokenizer());
  ASSERT_THAT(by_label, IsOk());
  EXPECT_EQ(by_label->class_index, 1);
}

TEST(ResolveTarget, AnUnknownLabelIsAnsweredWithTheLabels) {
  EXPECT_THAT(ResolveTarget(ClassSpec(Label("Declined")), ClassifierCard(), FakeTokenizer()),
              StatusIs(kInvalid, "target.class.label: 'Declined' is none of the model's labels: approved, declined"));
}

TEST(ResolveTarget, NotAllOfManyLabelsAreListed) {
  engine::ModelCard card = ClassifierCard();
  card.labels.assign(1000, "x");
  EXPECT_THAT(ResolveTarget(ClassSpec(Label("y")), card, FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("x and 980 more")));
}

TEST(ResolveTarget, AnIndexMustBeAClass) {
  for (int32_t index : {-1, 2}) {
    EXPECT_THAT(ResolveTarget(ClassSpec(Index(index)), ClassifierCard(), FakeTokenizer()),
                StatusIs(kInvalid, absl::StrCat("target.class.index: is ", index, ", the model has classes 0 to 1")));
  }
}

TEST(ResolveTarget, ContrastLeavesOpenWhatTheCallerLeavesOpen) {
  const auto open = ResolveTarget(ContrastSpec({}, {}), ClassifierCard(), FakeTokenizer());
  ASSERT_THAT(open, IsOk());
  EXPECT_EQ(open->kind, Target::Kind::kContrast);
  EXPECT_EQ(open->class_index, Target::kPredicted);
  EXPECT_EQ(open->foil_index, Target::kRunnerUp);
  const auto set = ResolveTarget(ContrastSpec(Label("declined"), Index(0)), ClassifierCard(), FakeTokenizer());
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->class_index, 1);
  EXPECT_EQ(set->foil_index, 0);
}

TEST(ResolveTarget, ContrastNeedsTwoDifferentClasses) {
  EXPECT_THAT(ResolveTarget(ContrastSpec(Index(1), Label("declined")), ClassifierCard(), FakeTokenizer()),
              StatusIs(kInvalid, "target.contrast.foil: is class 1, the same as the target"));
  EXPECT_THAT(ResolveTarget(ContrastSpec(Index(7), {}), ClassifierCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.contrast.target.index: is 7")));
  EXPECT_THAT(ResolveTarget(ContrastSpec({}, Label("no")), ClassifierCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.contrast.foil.label: 'no'")));
  EXPECT_THAT(ResolveTarget(ContrastSpec({}, {}), RegressionCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.contrast: needs a model of at least two classes")));
}

TEST(ResolveTarget, ATargetMustFitTheTask) {
  EXPECT_THAT(ResolveTarget(ClassSpec({}), EncoderCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.class: needs a classifier")));
  EXPECT_THAT(ResolveTarget(ContrastSpec({}, {}), EncoderCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.contrast: needs a classifier")));
  EXPECT_THAT(ResolveTarget(KindSpec(TargetSpec::Kind::kSimilarity), ClassifierCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.similarity: needs a model that gives embeddings")));
  EXPECT_THAT(ResolveTarget(KindSpec(TargetSpec::Kind::kSimilarity), EncoderCard(), FakeTokenizer()), IsOk());
  EXPECT_THAT(ResolveTarget(KindSpec(TargetSpec::Kind::kMeanOutput), ClassifierCard(), FakeTokenizer()), IsOk());
}

engine::ModelCard CardOf(Task task) {
  engine::ModelCard card = ClassifierCard();
  card.task = task;
  return card;
}

TEST(ResolveTarget, AnAnswerIsForModelsThatAnswerQuestions) {
  TargetSpec spec = KindSpec(TargetSpec::Kind::kAnswer);
  const engine::ModelCard card = CardOf(Task::kQuestionAnswering);
  const auto predicted = ResolveTarget({}, card, FakeTokenizer());
  ASSERT_THAT(predicted, IsOk());
  EXPECT_EQ(predicted->kind, Target::Kind::kAnswer);
  EXPECT_EQ(predicted->answer, (engine::TokenRange{Target::kUnset, Target::kUnset}));
  spec.answer = engine::TokenRange{2, 5};
  const auto given = ResolveTarget(spec, card, FakeTokenizer());
  ASSERT_THAT(given, IsOk());
  EXPECT_EQ(given->answer, (engine::TokenRange{2, 5}));
  spec.answer = engine::TokenRange{5, 5};
  EXPECT_THAT(ResolveTarget(spec, card, FakeTokenizer()),
              StatusIs(kInvalid, "target.answer: begin_token is 5, must be below end_token 5"));
  for (const engine::ModelCard& other : {ClassifierCard(), EncoderCard(), CardOf(Task::kTokenClassification)}) {
    EXPECT_THAT(ResolveTarget(KindSpec(TargetSpec::Kind::kAnswer), other, FakeTokenizer()),
                StatusIs(kInvalid, HasSubstr("target.answer: needs a model that answers questions")));
  }
  EXPECT_THAT(ResolveTarget(ClassSpec({}), card, FakeTokenizer()), StatusIs(kInvalid, HasSubstr("answers questions")));
}

TEST(ResolveTarget, APositionIsForModelsWithScoresOfEachToken) {
  TargetSpec spec;
  spec.position = 3;
  for (const Task task : {Task::kTokenClassification, Task::kLanguageModel}) {
    const auto target = ResolveTarget(spec, CardOf(task), FakeTokenizer());
    ASSERT_THAT(target, IsOk());
    EXPECT_EQ(target->position, 3);
  }
  for (const Task task : {Task::kClassification, Task::kEmbedding, Task::kQuestionAnswering}) {
    EXPECT_THAT(ResolveTarget(spec, CardOf(task), FakeTokenizer()), StatusIs(kInvalid, HasSubstr("target.position")));
  }
  EXPECT_THAT(
      ResolveTarget(KindSpec(TargetSpec::Kind::kMeanOutput), CardOf(Task::kTokenClassification), FakeTokenizer()),
      StatusIs(kInvalid, HasSubstr("target.mean_output")));
}

TEST(ResolveTarget, AScoreMustFitTheTarget) {
  EXPECT_THAT(ResolveTarget(ClassSpec({}, Score::kLogProb), RegressionCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.score: must be LOGIT for a regression")));
  EXPECT_THAT(ResolveTarget(KindSpec(TargetSpec::Kind::kMeanOutput, Score::kProb), ClassifierCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.score: ")));
  EXPECT_THAT(ResolveTarget(KindSpec(TargetSpec::Kind::kDefault, Score::kProb), EncoderCard(), FakeTokenizer()),
              StatusIs(kInvalid, HasSubstr("target.score: ")));
}

TEST(DescribeTarget, NamesTheClassesThatWereDecided) {
  engine::Prediction prediction;
  prediction.class_index = 1;
  prediction.foil_index = 0;
  Target target;
  const auto describe = [&](Target::Kind kind, Score score, const engine::ModelCard& card) {
    target.kind = kind;
    target.score = score;
    return DescribeTarget(target, prediction, card, FakeTokenizer());
  };

  EXPECT_EQ(describe(Target::Kind::kClass, Score::kLogit, ClassifierCard()), "logit of class 1 (declined)");
  EXPECT_EQ(describe(Target::Kind::kClass, Score::kLogProb, ClassifierCard()), "log-probability of class 1 (declined)");
  EXPECT_EQ(describe(Target::Kind::kContrast, Score::kProb, ClassifierCard()),
            "probability of class 1 (declined) minus probability of class 0 (approved)");
  EXPECT_EQ(describe(Target::Kind::kClass, Score::kLogit, RegressionCard()), "output of the regression");
  EXPECT_EQ(describe(Target::Kind::kMeanOutput, Score::kLogit, ClassifierCard()), "mean of the logits");
  EXPECT_EQ(describe(Target::Kind::kMeanOutput, Score::kLogit, EncoderCard()), "mean of the last hidden state");
  EXPECT_EQ(describe(Target::Kind::kSimilarity, Score::kLogit, EncoderCard()), "cosine similarity to the other text");
}

}  // namespace
}  // namespace limpid::explain
