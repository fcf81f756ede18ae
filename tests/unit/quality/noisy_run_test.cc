#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "unit/quality/quality_case.h"

namespace limpid::quality {
namespace {

using explain::Metric;
using ::testing::FloatNear;
using testing::QualityCase;
using testing::Spec;

constexpr char kQuality[] = "metrics: METRIC_MAX_SENSITIVITY samples: 4 radius: 0.5";

// The made-up model is a factor 1 + radius * sample larger with noise, and so are differences of its values.
TEST(MaxSensitivityTest, RunsTheMethodAgainOnNoisyCopiesOfAllItsRows) {
  const QualityCase text(3, QualityCase::Sum({3, -4, 0}));
  const explain::MethodSpec occlusion = Spec("occlusion {}");
  // Special tokens' scores of the measured method are part of |a(x)|.
  const float wrong_at_specials = 0.5f;
  const auto report = text.Measure(kQuality, {3, -4, 0}, occlusion);

  const double own = std::sqrt(25 + 2 * wrong_at_specials * wrong_at_specials);
  const double moved = std::sqrt(1.5 * 1.5 * 25 + 2 * wrong_at_specials * wrong_at_specials);
  const explain::QualityValue& value = report.values.at(Metric::kMaxSensitivity);
  EXPECT_THAT(value.value, FloatNear(static_cast<float>(moved / own), 1e-5f));
  EXPECT_FALSE(value.random_value.has_value());
  EXPECT_EQ(report.rows.size(), 4u * (1 + 3));
  EXPECT_EQ(text.Expected(kQuality, occlusion), 4u * (1 + 3));
  for (const engine::Row& row : report.rows) {
    ASSERT_TRUE(row.alteration.has_value());
    EXPECT_EQ(row.alteration->noise->kind, engine::Noise::Kind::kUniform);
    EXPECT_EQ(row.alteration->noise->scale, 0.5f);
    EXPECT_EQ(row.target.class_index, 1) << "the class of the text itself";
  }
}

TEST(MaxSensitivityTest, NoiseIsAtTheMethodsAttachPoint) {
  const QualityCase text(2, QualityCase::Sum({1, 2}));
  const explain::MethodSpec saliency = Spec("saliency { attach_point: ATTACH_POINT_EMBEDDING_SUM }");
  explain::TokenScores scores;
  scores.scores = {1, 2, 3, 4};
  scores.card.attach_point = engine::AttachPoint::kEmbeddingSum;

  const auto step = testing::MakeMeasurement(kQuality, saliency)->Fold(*text.input, text.base, scores, {});

  ASSERT_TRUE(step.ok());
  ASSERT_EQ(step->more_rows.size(), 4u);
  EXPECT_EQ(step->more_rows[0].alteration->at, engine::AttachPoint::kEmbeddingSum);
  EXPECT_TRUE(step->more_rows[0].wanted.gradient_at[1]);
  EXPECT_NE(step->more_rows[0].alteration->noise->sample, step->more_rows[1].alteration->noise->sample);
}

TEST(MaxSensitivityTest, ReplacedEmbeddingsKeepTheirReplacement) {
  const QualityCase text(2, QualityCase::Sum({1, 2}));
  const auto report = text.Measure(kQuality, {1, 2}, Spec("occlusion { replacement: REPLACEMENT_ZERO }"));

  const engine::Row& last = report.rows.back();
  EXPECT_NE(last.alteration->baseline, nullptr);
  EXPECT_TRUE(last.alteration->noise.has_value());
}

TEST(MaxSensitivityTest, TheMethodFindsWhatItWantedInTheNoisyBaseRow) {
  class Looking final : public explain::Method {
   public:
    void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->hidden_states = {1}; }
    absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult&,
                                           std::span<const engine::RowResult>) override {
      EXPECT_THAT(input.base_row.wanted.hidden_states, ::testing::ElementsAre(1));
      explain::FoldStep step;
      step.scores.scores.assign(input.num_tokens(), 1);
      return step;
    }
  };
  const explain::MethodSpec looking = {.name = "looking", .make = [] { return std::make_unique<Looking>(); }};
  const QualityCase text(2, QualityCase::Sum({1, 2}));
  EXPECT_EQ(text.Measure(kQuality, {1, 2}, looking).values.count(Metric::kMaxSensitivity), 1u);
}

// Asks for a row with an alteration of its own.
class Altering final : public explain::Method {
 public:
  explicit Altering(engine::Alteration alteration) : alteration_(std::move(alteration)) {}

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult&,
                                         std::span<const engine::RowResult> rows) override {
    explain::FoldStep step;
    step.scores.scores.assign(input.num_tokens(), 1);
    if (!rows.empty()) return step;
    step.more_rows.push_back(input.base_row);
    step.more_rows[0].alteration = alteration_;
    return step;
  }

 private:
  const engine::Alteration alteration_;
};

bool HasValue(const engine::Alteration& alteration) {
  const explain::MethodSpec altering = {.name = "altering",
                                        .make = [=] { return std::make_unique<Altering>(alteration); }};
  const QualityCase text(2, QualityCase::Sum({1, 2}));
  return text.Measure(kQuality, {1, 2}, altering).values.count(Metric::kMaxSensitivity) == 1;
}

TEST(MaxSensitivityTest, SaysNothingOfAMethodWhoseRowsHaveNoRoomForTheNoise) {
  EXPECT_TRUE(HasValue({.at = engine::AttachPoint::kWordEmbedding}));
  EXPECT_FALSE(HasValue({.at = engine::AttachPoint::kEmbeddingOutput}));
  EXPECT_FALSE(HasValue({.noise = engine::Noise{.scale = 1}}));
}

}  // namespace
}  // namespace limpid::quality
