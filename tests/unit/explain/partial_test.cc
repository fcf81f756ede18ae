// Deadlines: what is refused, what is estimated, and what a caller gets who takes a part of the answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "base/reason.h"
#include "support/method_spec.h"
#include "support/status_matchers.h"
#include "unit/explain/explainer_fixture.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Spec;
using testing::StatusIs;

class PartialTest : public ExplainerTest {
 protected:
  void SetUp() override { Start(); }

  ExplainRequest PartialRequest() {
    ExplainRequest request = Request("a b", {Spec("saliency {}"), Spec("attention_rollout {}")});
    request.allow_partial = true;
    return request;
  }
};

TEST_F(PartialTest, GetsWhatIsThereShortlyBeforeTheDeadline) {
  engine_->HoldAt(FakeEngine::Stage::kBeforeBackward);
  ExplainRequest request = PartialRequest();
  request.attention = AttentionSelection{.layers = {1}, .heads = {}};
  deadline_ = absl::Now() + absl::Milliseconds(200);

  EXPECT_THAT(Explain(std::move(request)), IsOk());

  EXPECT_LT(absl::Now(), deadline_);
  std::vector<std::string> names = sink_->names();
  std::erase(names, "attention");
  EXPECT_THAT(names, ElementsAre("prediction", "summary"));
  const auto summary = sink_->First<SummaryEvent>();
  EXPECT_TRUE(summary.partial);
  EXPECT_THAT(summary.missing_methods, ElementsAre(0, 1));
  EXPECT_TRUE(summary.missing_attention_layers.empty());
  engine_->Release();
}

TEST_F(PartialTest, IsWholeWhenThereIsTime) {
  deadline_ = absl::Now() + absl::Seconds(30);

  EXPECT_THAT(Explain(PartialRequest()), IsOk());

  EXPECT_FALSE(sink_->First<SummaryEvent>().partial);
  EXPECT_THAT(sink_->names(), ElementsAre("prediction", "attribution 0", "attribution 1", "summary"));
}

TEST_F(PartialTest, WithoutAPredictionThereIsNothingToTake) {
  engine_->HoldAt(FakeEngine::Stage::kBeforePrediction);
  deadline_ = absl::Now() + absl::Milliseconds(100);

  Begin(PartialRequest());
  absl::SleepFor(absl::Milliseconds(120));
  engine_->Release();

  const absl::Status status = sink_->AwaitEnd();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("deadline")));
  EXPECT_EQ(base::ReasonOf(status), base::Reason::kExpired);
}

TEST_F(PartialTest, IsTakenWhereAWholeAnswerWouldBeRefused) {
  // A token is a million operations: four take 4 s.
  speed_.Record(1e6, absl::Seconds(1));
  deadline_ = absl::Now() + absl::Seconds(2);
  Begin(Request("a b", {Spec("saliency {}")}));
  const absl::Status refused = sink_->AwaitEnd();
  EXPECT_EQ(base::ReasonOf(refused), base::Reason::kDeadlineUnmeetable);
  EXPECT_EQ(engine_->num_rows_run(), 0);

  sink_ = std::make_shared<testing::RecordingSink>();
  EXPECT_THAT(Explain(PartialRequest()), IsOk());
}

TEST_F(PartialTest, AnEstimateCountsWhatTheRequestThenTakes) {
  speed_.Record(1e9, absl::Seconds(1));
  ExplainRequest request = Request("a b", {Spec("saliency {}")});
  request.attention.emplace();
  CallContext context;

  const auto estimate = explainer_->EstimateCost(request, context);

  ASSERT_THAT(estimate, IsOk());
  EXPECT_EQ(engine_->num_rows_run(), 0);
  EXPECT_THAT(estimate->admission, IsOk());
  EXPECT_EQ(estimate->compute_time, absl::Milliseconds(4));
  EXPECT_EQ(estimate->demand.peak_bytes, 4000);
  // Three layers of two heads.
  EXPECT_EQ(estimate->demand.answer_bytes, 3 * 2 * 16 * 4);
  ASSERT_THAT(Explain(request), IsOk());
  const auto summary = sink_->First<SummaryEvent>();
  EXPECT_EQ(summary.rows_forward, estimate->rows_forward);
  EXPECT_EQ(summary.rows_backward, estimate->rows_backward);
  EXPECT_EQ(summary.tokens, estimate->demand.tokens);
  context.deadline = absl::Now() + absl::Milliseconds(1);
  EXPECT_EQ(base::ReasonOf(explainer_->EstimateCost(request, context)->admission), base::Reason::kDeadlineUnmeetable);
}

TEST_F(PartialTest, MapsOfWhichTheAnswerHasPartsAreHeldUntilThePassHasEnded) {
  ExplainRequest request = Request("a b", {Spec("saliency {}")});
  request.attention = AttentionSelection{.layers = {}, .heads = {}, .top_k = 2};
  const uint64_t maps = 3 * 2 * 16 * 4, parts = 3 * 2 * 4 * 2 * (4 + 2);

  const auto estimate = explainer_->EstimateCost(request, CallContext());

  ASSERT_THAT(estimate, IsOk());
  EXPECT_EQ(estimate->demand.answer_bytes, maps + parts);
  EXPECT_EQ(estimate->demand.peak_bytes, 4000 + parts);
  ASSERT_THAT(Explain(request), IsOk());
  EXPECT_EQ(sink_->First<SummaryEvent>().attention_bytes, parts);
  EXPECT_EQ(metrics_.answer_bytes->Value(), parts);
}

TEST_F(PartialTest, NothingIsHeldOnceTheAnswerIsGone) {
  ExplainRequest request = Request("a b", {Spec("saliency {}")});
  request.attention.emplace();
  ASSERT_THAT(Explain(request), IsOk());
  EXPECT_GT(metrics_.answer_bytes->Value(), 0);  // the sink keeps the maps

  sink_.reset();
  explainer_.reset();

  EXPECT_EQ(metrics_.answer_bytes->Value(), 0);
}

}  // namespace
}  // namespace limpid::explain
