#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::StatusIs;

// Two tokens of width 2. Embeddings range from -1 to 3; the gradient of sample s is [[1, 2s], [-1, 0]].
class SmoothGradTest : public ::testing::Test {
 protected:
  SmoothGradTest() {
    engine::RowResult base;
    base.prediction.class_index = 1;
    base.inputs.fill(explain::MakeTensor({2, 2}, {0, 3, -1, 1}));
    text_.With(std::move(base));
  }

  explain::TokenScores Explain(const std::string& options) {
    text_.rows.clear();
    return text_.Explain(absl::StrCat("smooth_grad { ", options, " }"), [](const engine::Row& row) {
      engine::RowResult result;
      const auto sample = static_cast<float>(row.alteration->noise->sample);
      result.gradients[static_cast<size_t>(row.alteration->at)] = explain::MakeTensor({2, 2}, {1, 2 * sample, -1, 0});
      return result;
    });
  }

  MethodCase text_{2};
};

TEST_F(SmoothGradTest, IsTheSizeOfTheMeanGradient) {
  EXPECT_THAT(Explain("samples: 3").scores, ElementsAre(FloatEq(std::sqrt(5.0f)), FloatEq(1)));
  EXPECT_THAT(Explain("samples: 3 reduction: REDUCTION_L1").scores, ElementsAre(FloatEq(3), FloatEq(1)));
  EXPECT_THAT(Explain("samples: 3 reduction: REDUCTION_MEAN_ABS").scores, ElementsAre(FloatEq(1.5f), FloatEq(0.5f)));
}

TEST_F(SmoothGradTest, OrTheMeanSquareOrTheVarianceOfItsElements) {
  // 2s is 0, 2, 4: mean square 20/3, variance 8/3.
  EXPECT_THAT(Explain("samples: 3 form: FORM_SQUARED").scores, ElementsAre(FloatEq(1 + 20.0f / 3), FloatEq(1)));
  EXPECT_THAT(Explain("samples: 3 form: FORM_VARIANCE").scores, ElementsAre(FloatEq(8.0f / 3), FloatEq(0)));
}

TEST_F(SmoothGradTest, TheNoiseIsAPartOfTheRangeOfTheEmbeddings) {
  Explain("samples: 20 noise_level: 0.25 seed: 9 attach_point: ATTACH_POINT_EMBEDDING_OUTPUT");

  ASSERT_THAT(text_.rows, SizeIs(20));
  for (uint32_t i = 0; i < 20; ++i) {
    const engine::Row& row = text_.rows[i];
    EXPECT_EQ(row.alteration->at, AttachPoint::kEmbeddingOutput);
    EXPECT_EQ(row.alteration->noise->kind, engine::Noise::Kind::kGaussian);
    EXPECT_EQ(row.alteration->noise->scale, 1);
    EXPECT_EQ(row.alteration->noise->seed, 9u);
    EXPECT_EQ(row.alteration->noise->sample, i);
    EXPECT_EQ(row.target.class_index, 1);
    EXPECT_TRUE(row.wanted.gradient_at[static_cast<size_t>(AttachPoint::kEmbeddingOutput)]);
  }
}

TEST_F(SmoothGradTest, AsksForFewRowsAtATime) {
  const auto method = testing::MakeMethod("smooth_grad { samples: 40 }");
  const explain::FoldStep step = *method->Fold(text_.input(), text_.base, {});

  EXPECT_THAT(step.more_rows, SizeIs(16));
  const explain::Forecast forecast = method->Expect(text_.input()).at(0);
  EXPECT_EQ(forecast.rows, 40u);
  EXPECT_EQ(forecast.rows_at_once, 16u);
  EXPECT_TRUE(forecast.wanted.gradient_at[0]);
}

TEST_F(SmoothGradTest, TheCardSaysWhatTheScoresAre) {
  const explain::MethodCard card = Explain("seed: 7").card;

  EXPECT_EQ(card.samples, 32u);
  EXPECT_EQ(card.seed, 7u);
  EXPECT_EQ(card.form, "mean");
  EXPECT_EQ(card.attach_point, AttachPoint::kWordEmbedding);
  EXPECT_EQ(card.reduction, explain::Reduction::kL2);
  EXPECT_FALSE(card.is_signed);
  const explain::MethodCard squared = Explain("form: FORM_SQUARED").card;
  EXPECT_EQ(squared.form, "squared");
  EXPECT_EQ(squared.reduction, explain::Reduction::kSum);
  EXPECT_EQ(Explain("form: FORM_VARIANCE").card.form, "variance");
}

TEST_F(SmoothGradTest, RefusesOptionsOutOfRange) {
  const auto refuses = [&](const char* options, const char* message) {
    EXPECT_THAT(text_.Check(absl::StrCat("smooth_grad { ", options, " }")),
                StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr(message)));
  };
  refuses("samples: 1025", "samples: is 1025, must be in [1, 1024]");
  refuses("noise_level: -1", "noise_level: is -1, must be in [1e-06, 10]");
  refuses("reduction: REDUCTION_SUM", "reduction: must be L2, L1 or MEAN_ABS");
  refuses("form: FORM_SQUARED reduction: REDUCTION_L2", "reduction: must be SUM");
}

}  // namespace
}  // namespace limpid::methods
