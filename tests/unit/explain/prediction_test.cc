#include "explain/prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/fake_engine.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using engine::Target;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Task = engine::ModelCard::Task;

std::vector<float> ProbabilitiesOf(Task task, const std::vector<float>& logits) {
  engine::ModelCard card = testing::ClassifierCard();
  card.task = task;
  return Probabilities(card, logits);
}

TEST(Probabilities, AreThoseOfTheTask) {
  const float third = std::log(3.0f);
  EXPECT_THAT(ProbabilitiesOf(Task::kClassification, {0, third}), ElementsAre(FloatEq(.25f), FloatEq(.75f)));
  EXPECT_THAT(ProbabilitiesOf(Task::kMultiLabel, {0, third}), ElementsAre(FloatEq(.5f), FloatEq(.75f)));
  EXPECT_THAT(ProbabilitiesOf(Task::kRegression, {0.5f}), IsEmpty());
  EXPECT_THAT(ProbabilitiesOf(Task::kEmbedding, {}), IsEmpty());
}

TEST(Probabilities, StayFiniteForLargeLogits) {
  EXPECT_THAT(ProbabilitiesOf(Task::kClassification, {1000, -1000}), ElementsAre(1, 0));
  EXPECT_THAT(ProbabilitiesOf(Task::kMultiLabel, {1000, -1000}), ElementsAre(1, 0));
}

TEST(CheckPrediction, RefusesNumbersThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  engine::Prediction logits, embedding, value;
  logits.logits = {0, nan};
  embedding.embedding = {infinity};
  value.target_value = nan;

  for (const engine::Prediction& prediction : {logits, embedding, value}) {
    EXPECT_THAT(CheckPrediction(prediction, {}), StatusIs(absl::StatusCode::kInternal, HasSubstr("not finite")));
  }
  EXPECT_THAT(CheckPrediction({}, {}), IsOk());
}

TEST(CheckPrediction, RefusesTheContrastOfAClassWithItself) {
  engine::Prediction prediction;
  prediction.class_index = prediction.foil_index = 1;
  Target target;
  target.kind = Target::Kind::kContrast;

  EXPECT_THAT(CheckPrediction(prediction, target),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "target.contrast.foil: is class 1, which the model predicts; set target.contrast.target"));
  prediction.foil_index = 0;
  EXPECT_THAT(CheckPrediction(prediction, target), IsOk());
}

}  // namespace
}  // namespace limpid::explain
