#include "explain/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "absl/time/clock.h"
#include "support/method_spec.h"
#include "support/status_matchers.h"
#include "unit/explain/explainer_fixture.h"

namespace limpid::explain {
namespace {

using testing::ClassifierCard;
using ::testing::ElementsAre;
using testing::EncoderCard;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::RecordingSink;
using ::testing::SizeIs;
using testing::Spec;
using testing::StatusIs;

// Keeps copies of the rows that run.
FakeEngine::Script Keeping(std::vector<engine::Row>* kept) {
  return [kept](std::span<const engine::Row* const> rows, std::vector<engine::RowResult>*) {
    for (const engine::Row* row : rows) kept->push_back(*row);
    return absl::OkStatus();
  };
}

TEST_F(ExplainerTest, PartsComeInTheOrderOfTheContract) {
  Start();
  ExplainRequest request = Request("un-like us", {Spec("head_importance {}"), Spec("saliency {}"),
                                                  Spec("gradient_x_input {}"), Spec("attention_rollout {}")});
  request.attention.emplace();

  EXPECT_THAT(Explain(request), IsOk());

  // Each layer on its own, at any time before the summary.
  std::vector<std::string> names = sink_->names();
  EXPECT_EQ(std::erase(names, "attention"), 3);
  EXPECT_THAT(names,
              ElementsAre("prediction", "attribution 0", "attribution 1", "attribution 2", "attribution 3", "summary"));
}

TEST_F(ExplainerTest, ThePredictionIsSentBeforeTheBackwardPass) {
  Start();
  engine_->HoldAt(FakeEngine::Stage::kBeforeBackward);

  Begin(Request("a b", {Spec("saliency {}")}));
  sink_->AwaitEvents(1);

  EXPECT_THAT(sink_->names(), ElementsAre("prediction"));
  engine_->Release();
  EXPECT_THAT(sink_->AwaitEnd(), IsOk());
  EXPECT_THAT(sink_->names(), ElementsAre("prediction", "attribution 0", "summary"));
}

TEST_F(ExplainerTest, APredictionSaysWhatTheModelReadAndWhatItMeans) {
  Start();
  EXPECT_THAT(Explain(Request("un-like us")), IsOk());

  const auto event = sink_->First<PredictionEvent>();
  EXPECT_THAT(event.tokens, SizeIs(5));
  EXPECT_FALSE(event.truncated);
  ASSERT_THAT(event.probabilities, SizeIs(2));
  EXPECT_NEAR(event.probabilities[0] + event.probabilities[1], 1, 1e-6);
  const int32_t predicted = event.prediction.logits[1] > event.prediction.logits[0] ? 1 : 0;
  EXPECT_EQ(event.target_description, predicted == 1 ? "logit of class 1 (declined)" : "logit of class 0 (approved)");
}

TEST_F(ExplainerTest, AllMethodsShareOneRowThatWantsNoMoreThanTheyRead) {
  std::vector<engine::Row> rows;
  Start(ClassifierCard(), Keeping(&rows));
  ExplainRequest request =
      Request("a b", {Spec("saliency { attach_point: ATTACH_POINT_EMBEDDING_SUM reduction: REDUCTION_L1 }"),
                      Spec("saliency {}"), Spec("gradient_x_attention {}")});
  request.attention = AttentionSelection{.layers = {-1, 0}, .heads = {}};

  EXPECT_THAT(Explain(request), IsOk());

  ASSERT_THAT(rows, SizeIs(1));
  const engine::Wanted& wanted = rows[0].wanted;
  EXPECT_THAT(wanted.gradient_at, ElementsAre(true, true, false));
  EXPECT_TRUE(wanted.gradient_attention);
  EXPECT_FALSE(wanted.head_mean_attention);
  EXPECT_FALSE(wanted.head_importance);
  EXPECT_THAT(wanted.attention_layers, ElementsAre(0, 2));
  EXPECT_EQ(rows[0].target.kind, engine::Target::Kind::kClass);
}

TEST_F(ExplainerTest, APredictionAloneNeedsNoBackwardPassAndNoAttention) {
  std::vector<engine::Row> rows;
  Start(ClassifierCard(), Keeping(&rows));

  EXPECT_THAT(Explain(Request("a b")), IsOk());

  EXPECT_THAT(sink_->names(), ElementsAre("prediction", "summary"));
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_FALSE(rows[0].wanted.needs_backward());
  EXPECT_FALSE(rows[0].wanted.head_mean_attention);
  EXPECT_THAT(rows[0].wanted.attention_layers, IsEmpty());
}

TEST_F(ExplainerTest, AttentionIsThatOfTheLayersAskedFor) {
  Start();
  ExplainRequest request = Request("a b");
  request.attention = AttentionSelection{.layers = {-1}, .heads = {1}};

  EXPECT_THAT(Explain(request), IsOk());

  const auto event = sink_->First<AttentionEvent>();
  EXPECT_EQ(event.layer, 2);
  EXPECT_EQ(event.num_layers, 1);
  EXPECT_THAT(event.heads, ElementsAre(1));
  EXPECT_THAT(event.maps.shape, ElementsAre(2, 4, 4));
}

TEST_F(ExplainerTest, WordScoresAreSumsOfTokenScores) {
  Start();
  const ExplainRequest by_token = Request("un-believ-able us", {Spec("gradient_x_input {}")});
  EXPECT_THAT(Explain(by_token), IsOk());
  const auto tokens = sink_->First<AttributionEvent>();
  ExplainRequest by_word = by_token;
  by_word.granularity = Granularity::kWord;
  sink_ = std::make_shared<RecordingSink>();

  EXPECT_THAT(Explain(by_word), IsOk());

  const auto words = sink_->First<AttributionEvent>();
  ASSERT_THAT(words.scores, SizeIs(4));
  EXPECT_THAT(words.units, SizeIs(4));
  EXPECT_FLOAT_EQ(words.scores[1], tokens.scores[1] + tokens.scores[2] + tokens.scores[3]);
  EXPECT_EQ(words.card.sum_abs, tokens.card.sum_abs);
}

TEST_F(ExplainerTest, HeadScoresHaveNoUnits) {
  Start();
  EXPECT_THAT(Explain(Request("a b", {Spec("head_importance {}")})), IsOk());

  const auto event = sink_->First<AttributionEvent>();
  EXPECT_THAT(event.head_scores.shape, ElementsAre(3, 2));
  EXPECT_THAT(event.scores, IsEmpty());
  EXPECT_THAT(event.units, IsEmpty());
}

TEST_F(ExplainerTest, SimilarityRunsTheOtherTextFirst) {
  std::vector<engine::Row> rows;
  Start(EncoderCard(), Keeping(&rows));
  ExplainRequest request = Request("a b", {Spec("saliency {}")});
  request.target.kind = TargetSpec::Kind::kSimilarity;
  request.target.similarity_text = "c d e";

  EXPECT_THAT(Explain(request), IsOk());

  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_THAT(rows[0].token_ids, SizeIs(5));
  EXPECT_FALSE(rows[0].wanted.needs_backward());
  EXPECT_THAT(rows[1].token_ids, SizeIs(4));
  ASSERT_NE(rows[1].target.reference, nullptr);
  EXPECT_EQ(*rows[1].target.reference, engine_->ResultOf(rows[0]).prediction.embedding);
  EXPECT_EQ(sink_->First<PredictionEvent>().target_description, "cosine similarity to the other text");
  const auto summary = sink_->First<SummaryEvent>();
  EXPECT_EQ(summary.rows_forward, 2);
  EXPECT_EQ(summary.rows_backward, 1);
  EXPECT_EQ(summary.tokens, 9);
}

TEST_F(ExplainerTest, TheSummarySaysWhatWasComputedAndByWhat) {
  Start();
  ExplainRequest request = Request("a b", {Spec("saliency {}")});
  request.attention.emplace();

  EXPECT_THAT(Explain(request), IsOk());

  const auto summary = sink_->First<SummaryEvent>();
  EXPECT_EQ(summary.rows_forward, 1);
  EXPECT_EQ(summary.rows_backward, 1);
  EXPECT_EQ(summary.tokens, 4);
  EXPECT_EQ(summary.attention_bytes, 3 * 2 * 16 * 4);
  EXPECT_EQ(summary.model, "first");
  EXPECT_EQ(summary.weights_sha256, "c0ffee");
  EXPECT_GE(summary.total_ms, summary.tokenize_ms + summary.queue_ms + summary.compute_ms);
}

TEST_F(ExplainerTest, IdsAreExplainedWithoutOffsets) {
  Start();
  ExplainRequest request = Request("", {Spec("saliency {}")});
  request.input.token_ids = std::vector<int32_t>{1, 700, 2};

  EXPECT_THAT(Explain(request), IsOk());

  EXPECT_THAT(engine_->batches(), ElementsAre(ElementsAre(ElementsAre(1, 700, 2))));
  EXPECT_EQ(sink_->First<AttributionEvent>().units[1].end_byte, 0);
}

TEST_F(ExplainerTest, NothingIsComputedForACallerWhoHasGone) {
  Start();
  stop_.request_stop();

  EXPECT_THAT(Explain(Request("a b", {Spec("saliency {}")})),
              StatusIs(absl::StatusCode::kCancelled, "the caller has gone"));

  EXPECT_EQ(engine_->num_rows_run(), 0);
  EXPECT_THAT(sink_->events(), IsEmpty());
}

TEST_F(ExplainerTest, ACallerWhoGoesDuringThePassGetsNoMoreParts) {
  Start();
  engine_->HoldAt(FakeEngine::Stage::kBeforeBackward);
  Begin(Request("a b", {Spec("saliency {}")}));
  sink_->AwaitEvents(1);

  stop_.request_stop();
  engine_->Release();

  EXPECT_THAT(sink_->AwaitEnd(), StatusIs(absl::StatusCode::kCancelled, "the caller has gone"));
  EXPECT_THAT(sink_->names(), ElementsAre("prediction"));
}

TEST_F(ExplainerTest, NothingIsComputedAfterTheDeadline) {
  Start();
  deadline_ = absl::Now() - absl::Seconds(1);

  EXPECT_THAT(Explain(Request("a b", {Spec("saliency {}")})),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("deadline")));

  EXPECT_EQ(engine_->num_rows_run(), 0);
}

TEST_F(ExplainerTest, AnEnginesFailureEndsTheRequestWithItsStatus) {
  Start(ClassifierCard(), [](auto, auto) { return absl::ResourceExhaustedError("no memory left for this batch"); });

  EXPECT_THAT(Explain(Request("a b", {Spec("saliency {}")})),
              StatusIs(absl::StatusCode::kResourceExhausted, "no memory left for this batch"));
  EXPECT_THAT(sink_->events(), IsEmpty());
}

TEST_F(ExplainerTest, APredictionThatIsNotFiniteIsNotSent) {
  Start(ClassifierCard(), [](auto, std::vector<engine::RowResult>* results) {
    results->front().prediction.logits[0] = std::numeric_limits<float>::infinity();
    return absl::OkStatus();
  });

  EXPECT_THAT(Explain(Request("a b", {Spec("saliency {}")})),
              StatusIs(absl::StatusCode::kInternal, "the model's output is not finite"));
  EXPECT_THAT(sink_->events(), IsEmpty());
}

TEST_F(ExplainerTest, AFoilThatTurnsOutToBePredictedIsRefused) {
  Start(ClassifierCard(), [](auto, std::vector<engine::RowResult>* results) {
    results->front().prediction.class_index = results->front().prediction.foil_index;
    return absl::OkStatus();
  });
  ExplainRequest request = Request("a b", {Spec("saliency {}")});
  request.target.kind = TargetSpec::Kind::kContrast;
  request.target.foil.index = 1;

  EXPECT_THAT(Explain(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("target.contrast.foil")));
}

// A session whose next step never comes, or whose step throws, still ends.

class LosingScheduler final : public schedule::Scheduler {
 public:
  void Submit(schedule::RowGroup) override {}
};

class ThrowingTokenizer final : public text::Tokenizer {
 public:
  absl::StatusOr<text::Encoding> Encode(std::string_view, std::optional<std::string_view>, text::Truncation,
                                        size_t) const override {
    throw std::runtime_error("defect in the tokenizer");
  }
  absl::StatusOr<text::Encoding> FromIds(const std::vector<int32_t>&) const override { throw std::bad_alloc(); }
  absl::StatusOr<std::string> Decode(std::span<const int32_t>, bool) const override { throw std::bad_alloc(); }
  std::optional<int32_t> IdOf(std::string_view) const override { return std::nullopt; }
  size_t vocab_size() const override { return 0; }
  text::StandIns stand_ins() const override { return {}; }
};

class DefectTest : public ::testing::Test {
 protected:
  void Explain(std::unique_ptr<const text::Tokenizer> tokenizer, Input input) {
    auto model = std::make_shared<Model>();
    model->tokenizer = std::move(tokenizer);
    model->engine = std::make_unique<FakeEngine>();
    ModelRegistry models;
    EXPECT_THAT(models.Add(std::move(model)), IsOk());
    Explainer explainer(
        {.models = &models, .admission = &admission_, .scheduler = &scheduler_, .pool = &pool_, .timer = &timer_},
        Limits());
    ExplainRequest request;
    request.input = std::move(input);
    explainer.Explain(std::move(request), {}, sink_);
  }

  schedule::Speed speed_;
  telemetry::Metrics metrics_{"test"};
  schedule::Admission admission_{{}, &speed_, &metrics_};
  base::Timer timer_;
  LosingScheduler scheduler_;
  base::WorkerPool pool_{"test", 1};
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
};

TEST_F(DefectTest, ASessionWhoseNextStepIsLostEndsWithInternal) {
  Input input;
  input.text = "a";
  Explain(std::make_unique<testing::FakeTokenizer>(), std::move(input));

  EXPECT_THAT(sink_->AwaitEnd(), StatusIs(absl::StatusCode::kInternal, "a step of the request was lost"));
}

TEST_F(DefectTest, AStepThatThrowsEndsTheSession) {
  Input input;
  input.text = "a";
  Explain(std::make_unique<ThrowingTokenizer>(), std::move(input));

  EXPECT_THAT(sink_->AwaitEnd(), StatusIs(absl::StatusCode::kInternal, "defect in the tokenizer"));
}

TEST_F(DefectTest, AStepWithoutMemoryEndsTheSession) {
  Input input;
  input.token_ids = std::vector<int32_t>{1};
  Explain(std::make_unique<ThrowingTokenizer>(), std::move(input));

  EXPECT_THAT(sink_->AwaitEnd(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("no memory left")));
}

}  // namespace
}  // namespace limpid::explain
