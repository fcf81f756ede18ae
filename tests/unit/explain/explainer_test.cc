#include "explain/explainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/method_spec.h"
#include "support/status_matchers.h"
#include "unit/explain/explainer_fixture.h"

namespace limpid::explain {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::RecordingSink;
using ::testing::SizeIs;
using testing::Spec;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST_F(ExplainerTest, FindsModelsByNameAndTheFirstWithoutOne) {
  Start();

  ASSERT_THAT(explainer_->Find("second"), IsOk());
  EXPECT_EQ((*explainer_->Find("second"))->name, "second");
  EXPECT_EQ((*explainer_->Find(""))->name, "first");
  EXPECT_THAT(explainer_->Find("third"),
              StatusIs(absl::StatusCode::kNotFound, "model: 'third' is not loaded; loaded: first, second"));
}

TEST_F(ExplainerTest, TokenizesUnderTheSameLimits) {
  Start();
  Input input;
  input.text = "one two";

  const auto encoding = explainer_->Tokenize("", input, {});

  ASSERT_THAT(encoding, IsOk());
  EXPECT_THAT(encoding->tokens, SizeIs(4));
  EXPECT_THAT(explainer_->Tokenize("third", input, {}), StatusIs(absl::StatusCode::kNotFound, HasSubstr("third")));
  input.text.assign(1001, 'a');
  EXPECT_THAT(explainer_->Tokenize("", input, {}), StatusIs(kInvalid, HasSubstr("input.text: has 1001 bytes")));
}

TEST_F(ExplainerTest, RefusalsReachTheSinkAndNothingIsComputed) {
  Start();
  ExplainRequest unknown_model = Request("a");
  unknown_model.model = "third";
  ExplainRequest no_similarity_text = Request("a");
  no_similarity_text.target.kind = TargetSpec::Kind::kSimilarity;
  ExplainRequest bad_layer = Request("a");
  bad_layer.attention = AttentionSelection{.layers = {9}, .heads = {}};
  ExplainRequest bad_label = Request("a");
  bad_label.target.kind = TargetSpec::Kind::kClass;
  bad_label.target.target.label = "no";
  const std::pair<ExplainRequest, const char*> cases[] = {
      {unknown_model, "model: 'third'"},
      {Request(""), "input.text: must not be empty"},
      {Request("a", std::vector<MethodSpec>(5)), "methods: 5 are asked for, at most 4 are allowed"},
      {no_similarity_text, "target.similarity.text: must not be empty"},
      {bad_layer, "attention.layers[0]: is 9"},
      {bad_label, "target.class.label: 'no'"},
      {Request("a", {Spec("saliency {}"), Spec("gradient_x_attention { layer: 3 }")}),
       "methods[1].gradient_x_attention.layer: is 3"},
      {Request(std::string(999, ' ') + "a", {Spec("attention_rollout { query_token: 3 }")}),
       "methods[0].attention_rollout.query_token: is 3"},
  };

  for (const auto& [request, message] : cases) {
    sink_ = std::make_shared<RecordingSink>();
    const absl::Status status = Explain(request);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
    EXPECT_THAT(sink_->events(), IsEmpty());
  }
  EXPECT_EQ(engine_->num_rows_run(), 0);
}

TEST_F(ExplainerTest, RefusesMapsLargerThanTheLimit) {
  Start();
  ExplainRequest request = Request(std::string(80, '-') + "a b c d e f g h i j k l m n o p q r s t u v w x y z");
  request.attention.emplace();

  EXPECT_THAT(Explain(request), StatusIs(kInvalid, HasSubstr("18816 bytes, at most 10000 are allowed")));
  EXPECT_EQ(engine_->num_rows_run(), 0);
}

TEST_F(ExplainerTest, ItsDestructorWaitsForTheSessionsUnderWay) {
  Start();
  engine_->HoldAt(FakeEngine::Stage::kBeforePrediction);
  Begin(Request("a", {Spec("saliency {}")}));
  engine_->AwaitHeld();
  FakeEngine* const held = engine_;

  std::jthread releaser([held] { held->Release(); });
  explainer_.reset();

  EXPECT_THAT(sink_->AwaitEnd(), IsOk());
}

TEST_F(ExplainerTest, ManyRequestsAtOnceEachGetTheirOwnAnswer) {
  Start();
  constexpr size_t kThreads = 4, kRequests = 60;
  std::vector<std::shared_ptr<RecordingSink>> sinks(kThreads * kRequests);
  const auto text = [](size_t i) { return "text " + std::string(1 + i % 7, 'a'); };
  {
    std::vector<std::jthread> threads;
    for (size_t thread_index = 0; thread_index < kThreads; ++thread_index) {
      threads.emplace_back([&, thread_index] {
        for (size_t i = thread_index * kRequests; i < (thread_index + 1) * kRequests; ++i) {
          sinks[i] = std::make_shared<RecordingSink>();
          std::stop_source stop;
          explainer_->Explain(Request(text(i), {Spec("saliency {}"), Spec("attention_rollout {}")}),
                              {.stop = stop.get_token()}, sinks[i]);
          if (i % 5 == 0) stop.request_stop();
        }
      });
    }
  }

  for (size_t i = 0; i < sinks.size(); ++i) {
    const absl::Status status = sinks[i]->AwaitEnd();
    if (i % 5 == 0 && absl::IsCancelled(status)) continue;
    ASSERT_THAT(status, IsOk());
    EXPECT_THAT(sinks[i]->names(), ::testing::ElementsAre("prediction", "attribution 0", "attribution 1", "summary"));
    EXPECT_EQ(sinks[i]->First<PredictionEvent>().tokens[2].text, text(i).substr(5));
  }
}

}  // namespace
}  // namespace limpid::explain
