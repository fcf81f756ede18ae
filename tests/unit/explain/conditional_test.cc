// Requests that are explained only where the prediction meets a condition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/method_spec.h"
#include "support/status_matchers.h"
#include "unit/explain/explainer_fixture.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Spec;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

ClassRef Index(int32_t index) { return {.index = index, .label = {}}; }
ClassRef Label(const std::string& label) { return {.index = {}, .label = label}; }

// "approved" (0) or "declined" (1), with the probability of that class.
class ConditionalTest : public ExplainerTest {
 protected:
  void SetUp() override {
    Start(testing::ClassifierCard(), [](std::span<const engine::Row* const>, std::vector<engine::RowResult>* results) {
      // Declined with a probability of 0.731.
      for (engine::RowResult& result : *results) result.prediction.logits = {1, 2};
      return absl::OkStatus();
    });
  }

  std::vector<std::string> PartsUnder(ConditionSpec condition) {
    sink_ = std::make_shared<testing::RecordingSink>();
    ExplainRequest request = Request("a b", {Spec("saliency {}")});
    request.attention.emplace();
    request.condition = std::move(condition);
    EXPECT_THAT(Explain(std::move(request)), IsOk());
    std::vector<std::string> names = sink_->names();
    std::erase(names, "attention");
    return names;
  }
  bool IsExplainedUnder(ConditionSpec condition) {
    const std::vector<std::string> names = PartsUnder(std::move(condition));
    EXPECT_EQ(sink_->First<SummaryEvent>().condition_unmet, names.size() == 2);
    return names.size() == 3;
  }
};

TEST_F(ConditionalTest, ExplainsWhereTheConditionHolds) {
  EXPECT_THAT(PartsUnder({.predicted = {Label("declined")}}), ElementsAre("prediction", "attribution 0", "summary"));

  const auto summary = sink_->First<SummaryEvent>();
  EXPECT_EQ(summary.rows_forward, 2);
  EXPECT_EQ(summary.rows_backward, 1);
}

TEST_F(ConditionalTest, IsThePredictionAloneWhereItDoesNot) {
  EXPECT_THAT(PartsUnder({.predicted = {Label("approved")}}), ElementsAre("prediction", "summary"));

  const auto summary = sink_->First<SummaryEvent>();
  EXPECT_TRUE(summary.condition_unmet);
  EXPECT_EQ(summary.rows_forward, 1);
  EXPECT_EQ(summary.rows_backward, 0);
  EXPECT_EQ(summary.attention_bytes, 0);
}

TEST_F(ConditionalTest, EverythingThatIsSetMustHold) {
  EXPECT_TRUE(IsExplainedUnder({}));
  EXPECT_TRUE(IsExplainedUnder({.predicted = {Index(0), Index(1)}}));
  EXPECT_TRUE(IsExplainedUnder({.min_probability = 0.73f}));
  EXPECT_FALSE(IsExplainedUnder({.min_probability = 0.74f}));
  EXPECT_FALSE(IsExplainedUnder({.max_probability = 0.73f}));
  EXPECT_TRUE(IsExplainedUnder({.scored = Index(0), .min_probability = 0.26f, .max_probability = 0.27f}));
  EXPECT_FALSE(IsExplainedUnder({.predicted = {Index(1)}, .scored = Index(0), .min_probability = 0.5f}));
}

TEST_F(ConditionalTest, RefusesAConditionThatCannotBe) {
  const auto refusal = [this](ConditionSpec condition, const std::string& model = "first") {
    sink_ = std::make_shared<testing::RecordingSink>();
    ExplainRequest request = Request("a b");
    request.model = model;
    request.condition = std::move(condition);
    return Explain(std::move(request));
  };

  EXPECT_THAT(refusal({}, "second"), StatusIs(kInvalid, HasSubstr("condition: needs a classifier")));
  EXPECT_THAT(refusal({.predicted = {Label("maybe")}}),
              StatusIs(kInvalid, HasSubstr("condition.predicted[0].label: 'maybe' is none of")));
  EXPECT_THAT(refusal({.scored = Index(2)}), StatusIs(kInvalid, HasSubstr("condition.scored.index: is 2")));
  EXPECT_THAT(refusal({.min_probability = 1.5f}), StatusIs(kInvalid, HasSubstr("condition.min_probability: is 1.5")));
  EXPECT_THAT(refusal({.min_probability = 0.6f, .max_probability = 0.4f}),
              StatusIs(kInvalid, HasSubstr("more than max_probability")));
}

}  // namespace
}  // namespace limpid::explain
