#include "explain/canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "support/fake_engine.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using testing::ClassifierCard;
using testing::EncoderCard;
using testing::FakeEngine;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr auto kInternal = absl::StatusCode::kInternal;

class CanaryTest : public ::testing::Test {
 protected:
  static CanaryAnswer Answer(const engine::ModelCard& card) {
    return *AnswerOf(FakeEngine(card).ResultOf(CanaryRow(card, kCanaryTokens)));
  }

  const CanaryAnswer known_ = Answer(ClassifierCard());
  CanaryAnswer answer_ = known_;
};

TEST(CanaryRow, RunsThroughTheBackwardPassWithIdsOfTheVocabulary) {
  for (const engine::ModelCard& card : {ClassifierCard(), EncoderCard()}) {
    const engine::Row row = CanaryRow(card, 100);

    EXPECT_THAT(FakeEngine(card).Check(row), IsOk());
    EXPECT_THAT(row.token_ids, SizeIs(100));
    EXPECT_THAT(row.type_ids, SizeIs(100));
    EXPECT_TRUE(row.wanted.needs_backward() && row.wanted.gradient_attention && row.wanted.head_importance);
    EXPECT_EQ(row.token_ids, CanaryRow(card, 100).token_ids);
  }
}

TEST(CanaryRow, IsNoLongerThanTheModelTakes) { EXPECT_THAT(CanaryRow(ClassifierCard(), 9999).token_ids, SizeIs(512)); }

// A class that is named and the similarity to a fixed vector have a gradient whatever the weights are.
TEST(CanaryRow, NamesItsTarget) {
  EXPECT_EQ(CanaryRow(ClassifierCard(), 9).target.class_index, 0);
  const engine::Target target = CanaryRow(EncoderCard(), 9).target;
  EXPECT_EQ(target.kind, engine::Target::Kind::kSimilarity);
  EXPECT_THAT(*target.reference, SizeIs(EncoderCard().hidden_size));
}

TEST_F(CanaryTest, HasThePredictionAndWhatMethodsRead) {
  EXPECT_THAT(known_.prediction, SizeIs(2 + 1));
  ASSERT_THAT(known_.outputs, SizeIs(4));
  EXPECT_THAT(known_.outputs[1], SizeIs(kCanaryTokens * 5));
  EXPECT_THAT(known_.outputs[3], SizeIs(3 * 2));
  EXPECT_THAT(Answer(EncoderCard()).prediction, SizeIs(5 + 1));
}

TEST_F(CanaryTest, RoundingIsRight) {
  answer_.prediction[0] += 0.9e-4f;
  for (auto& values : answer_.outputs) values[1] += 0.9e-3f * *std::max_element(values.begin(), values.end());

  EXPECT_THAT(CompareCanary(known_, answer_), IsOk());
}

TEST_F(CanaryTest, ADifferenceNamesWhatDiffers) {
  const char* const names[] = {"the word embeddings", "the gradient", "the attention's gradient",
                               "the heads' importance"};
  for (size_t i = 0; i < 4; ++i) {
    CanaryAnswer wrong = known_;
    auto& values = wrong.outputs[i];
    values[2] += 2e-3f * *std::max_element(values.begin(), values.end());
    EXPECT_THAT(CompareCanary(known_, wrong), StatusIs(kInternal, HasSubstr(names[i])));
  }
  answer_.prediction[1] += 2e-4f;
  EXPECT_THAT(CompareCanary(known_, answer_), StatusIs(kInternal, HasSubstr("the prediction differs")));
}

TEST_F(CanaryTest, WhatIsNoNumberIsWrong) {
  answer_.outputs[3][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(CompareCanary(known_, answer_), StatusIs(kInternal, HasSubstr("the heads' importance")));

  engine::RowResult result = FakeEngine().ResultOf(CanaryRow(ClassifierCard(), kCanaryTokens));
  result.prediction.logits[0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(AnswerOf(result), StatusIs(kInternal, HasSubstr("not a finite number")));
}

TEST_F(CanaryTest, NothingKnownIsNeverRight) {
  EXPECT_THAT(CompareCanary({}, answer_), StatusIs(kInternal, HasSubstr("inf")));
}

}  // namespace
}  // namespace limpid::explain
