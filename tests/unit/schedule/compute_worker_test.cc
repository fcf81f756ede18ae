#include "schedule/compute_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "support/status_matchers.h"
#include "unit/schedule/worker_test_base.h"

namespace limpid::schedule {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;
using testing::GradientRowOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::Outcome;
using testing::RowOf;
using ::testing::SizeIs;
using testing::StatusIs;

TEST_F(WorkerTest, ResultsComeInTheOrderOfTheRowsFromSeveralBatches) {
  StartWorker();
  const std::vector<engine::Row> rows = {GradientRowOf(1, 60), GradientRowOf(2, 60), GradientRowOf(3, 20)};
  Outcome outcome;

  Submit(&outcome, rows);

  const auto results = outcome.Await();
  ASSERT_THAT(results, IsOk());
  ASSERT_THAT(*results, SizeIs(3));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*results)[i].prediction.logits, engine_->ResultOf(rows[i]).prediction.logits);
    EXPECT_EQ((*results)[i].gradients[0].shape.front(), static_cast<int64_t>(rows[i].token_ids.size()));
  }
  EXPECT_THAT(BatchIds(), ElementsAre(ElementsAre(1), ElementsAre(2, 3)));
  EXPECT_THAT(outcome.predicted(), ElementsAre(0, 1, 2));
}

TEST_F(WorkerTest, WhatArrivesDuringABatchRunsTogetherInTheNext) {
  StartWorker();
  HoldWorker();
  Outcome first, second;
  Submit(&first, {RowOf(1, 10)});
  Submit(&second, {RowOf(2, 10)});

  engine_->Release();

  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
  EXPECT_THAT(BatchIds(), ElementsAre(ElementsAre(1, 2)));
}

TEST_F(WorkerTest, AGroupOfOneRowEndsBeforeAGroupOf200ThatCameFirst) {
  StartWorker();
  HoldWorker();
  Outcome many, one;
  std::vector<engine::Row> rows(200, RowOf(1, 1));
  Submit(&many, std::move(rows));
  bool many_had_ended = true;
  RowGroup group = one.Group(engine_, {RowOf(2, 1)});
  group.on_done = [&, report = std::move(group.on_done)](auto results, auto timing) {
    many_had_ended = many.ended();
    report(std::move(results), timing);
  };
  worker_->Submit(std::move(group));

  engine_->Release();

  EXPECT_THAT(one.Await(), IsOk());
  EXPECT_FALSE(many_had_ended);
  EXPECT_THAT(many.Await(), IsOk());
}

TEST_F(WorkerTest, APredictionComesBeforeTheBackwardPass) {
  StartWorker();
  engine_->HoldAt(FakeEngine::Stage::kBeforeBackward);
  Outcome outcome;

  Submit(&outcome, {GradientRowOf(1, 10)});
  engine_->AwaitHeld();

  EXPECT_THAT(outcome.predicted(), ElementsAre(0));
  EXPECT_FALSE(outcome.ended());
  engine_->Release();
  EXPECT_THAT(outcome.Await(), IsOk());
}

TEST_F(WorkerTest, NothingIsComputedForACallerWhoHasGone) {
  StartWorker();
  HoldWorker();
  Outcome gone, stays;
  std::stop_source stop;
  RowGroup group = gone.Group(engine_, {RowOf(1, 10), RowOf(1, 10)});
  group.stop = stop.get_token();
  worker_->Submit(std::move(group));
  Submit(&stays, {RowOf(2, 10)});

  stop.request_stop();
  engine_->Release();

  EXPECT_THAT(gone.Await(), StatusIs(absl::StatusCode::kCancelled, "the caller has gone"));
  EXPECT_THAT(stays.Await(), IsOk());
  EXPECT_THAT(BatchIds(), ElementsAre(ElementsAre(2)));
}

TEST_F(WorkerTest, AGroupWhoseCallerGoesEndsAtOnceWhileAnotherRuns) {
  StartWorker();
  HoldWorker();
  Outcome gone;
  std::stop_source stop;
  RowGroup group = gone.Group(engine_, {RowOf(1, 10)});
  group.stop = stop.get_token();
  worker_->Submit(std::move(group));
  EXPECT_EQ(metrics_.queue_tokens->Value(), 10);

  stop.request_stop();

  EXPECT_TRUE(gone.ended());
  EXPECT_EQ(metrics_.queue_tokens->Value(), 0);
  engine_->Release();
}

TEST_F(WorkerTest, ACallerWhoHasGoneBeforeSubmitIsNotWaitedFor) {
  StartWorker();
  HoldWorker();
  Outcome gone;
  std::stop_source stop;
  stop.request_stop();
  RowGroup group = gone.Group(engine_, {RowOf(1, 10)});
  group.stop = stop.get_token();

  worker_->Submit(std::move(group));

  EXPECT_TRUE(gone.ended());
  engine_->Release();
}

TEST_F(WorkerTest, NothingIsComputedThatCannotBeDoneInTime) {
  StartWorker();
  // A token is a million operations: ten rows of 10 tokens take some 50 s.
  speed_.Record(1e6, absl::Seconds(1));
  HoldWorker();
  Outcome late, in_time;
  RowGroup group = late.Group(engine_, std::vector<engine::Row>(10, RowOf(1, 10)));
  group.deadline = absl::Now() + absl::Seconds(10);
  worker_->Submit(std::move(group));
  group = in_time.Group(engine_, {RowOf(2, 10)});
  group.deadline = absl::Now() + absl::Seconds(10);
  worker_->Submit(std::move(group));

  engine_->Release();

  EXPECT_THAT(late.Await(), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("cannot be computed before")));
  EXPECT_THAT(in_time.Await(), IsOk());
  EXPECT_THAT(BatchIds(), ElementsAre(ElementsAre(2)));
}

TEST_F(WorkerTest, MapsAreAnnouncedInOrderBeforeTheResult) {
  StartWorker();
  engine_->HoldAt(FakeEngine::Stage::kBeforeBackward);
  engine::Row row = RowOf(1, 10);
  row.wanted.attention_layers = {0, 2};
  Outcome outcome;

  Submit(&outcome, {row});
  engine_->AwaitHeld();

  EXPECT_THAT(outcome.attention(), ElementsAre(std::pair(0, 0), std::pair(0, 1)));
  EXPECT_FALSE(outcome.ended());
  engine_->Release();
  EXPECT_THAT(outcome.Await(), IsOk());
}

TEST_F(WorkerTest, TheRowsLeftAreNotComputedWhenTheCallerGoesMidway) {
  StartWorker();
  engine_->HoldAt(FakeEngine::Stage::kBeforeBackward);
  Outcome outcome;
  std::stop_source stop;
  RowGroup group = outcome.Group(engine_, {RowOf(1, 60), RowOf(2, 60), RowOf(3, 60)});
  group.stop = stop.get_token();
  worker_->Submit(std::move(group));
  engine_->AwaitHeld();

  stop.request_stop();
  engine_->Release();

  EXPECT_THAT(outcome.Await(), StatusIs(absl::StatusCode::kCancelled, "the caller has gone"));
  EXPECT_THAT(BatchIds(), ElementsAre(ElementsAre(1)));
}

TEST_F(WorkerTest, NothingIsComputedAfterTheDeadline) {
  StartWorker();
  Outcome outcome;
  RowGroup group = outcome.Group(engine_, {RowOf(1, 10)});
  group.deadline = absl::Now() - absl::Seconds(1);

  worker_->Submit(std::move(group));

  EXPECT_THAT(outcome.Await(), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("deadline")));
  EXPECT_THAT(BatchIds(), IsEmpty());
}

TEST_F(WorkerTest, RunsAGroupOfAnySize) {
  StartWorker();
  Outcome outcome;

  Submit(&outcome, {RowOf(1, 5000), RowOf(2, 1)});

  EXPECT_THAT(outcome.Await(), IsOk());
}

TEST_F(WorkerTest, RefusesARowThatTheEngineRefuses) {
  StartWorker();
  Outcome outcome;

  Submit(&outcome, {RowOf(1, 10), RowOf(-5, 10)});

  ASSERT_TRUE(outcome.ended());
  EXPECT_THAT(outcome.Await(), StatusIs(absl::StatusCode::kInvalidArgument, "input.token_ids.ids[0] is -5"));
  EXPECT_THAT(BatchIds(), IsEmpty());
}

TEST_F(WorkerTest, TellsWhenAGroupWaitedAndRan) {
  StartWorker();
  const absl::Time before = absl::Now();
  Outcome outcome;

  Submit(&outcome, {RowOf(1, 60), RowOf(2, 60)});
  ASSERT_THAT(outcome.Await(), IsOk());

  const RowTiming timing = outcome.timing();
  EXPECT_LE(before, timing.queued);
  EXPECT_LE(timing.queued, timing.started);
  EXPECT_LE(timing.started, timing.finished);
  EXPECT_LE(timing.compute, timing.finished - timing.started);
}

TEST_F(WorkerTest, CountsBatchesRowsTokensAndPasses) {
  StartWorker();
  HoldWorker();
  Outcome first, second;
  Submit(&first, {GradientRowOf(1, 10), RowOf(2, 20)});
  Submit(&second, {RowOf(3, 90)});
  EXPECT_EQ(metrics_.queue_tokens->Value(), 120);
  EXPECT_EQ(metrics_.queue_requests->Value(), 2);

  engine_->Release();
  ASSERT_THAT(first.Await(), IsOk());
  ASSERT_THAT(second.Await(), IsOk());

  worker_.reset();
  EXPECT_EQ(model_metrics_->batches->Value(), 3);
  EXPECT_EQ(model_metrics_->tokens->Value(), 121);
  EXPECT_EQ(model_metrics_->forward_passes->Value(), 4);
  EXPECT_EQ(model_metrics_->backward_passes->Value(), 1);
  EXPECT_EQ(model_metrics_->batch_rows->Collect().histogram.sample_sum, 4);
  EXPECT_EQ(model_metrics_->batch_tokens->Collect().histogram.sample_sum, 121);
  EXPECT_EQ(metrics_.queue_tokens->Value(), 0);
  EXPECT_EQ(metrics_.queue_requests->Value(), 0);
}

TEST_F(WorkerTest, ManyThreadsSubmitAndCancelAndEveryGroupEndsOnce) {
  StartWorker();
  constexpr size_t kThreads = 4, kGroups = 200;
  std::vector<Outcome> outcomes(kThreads * kGroups);
  {
    std::vector<std::jthread> threads;
    for (size_t thread_index = 0; thread_index < kThreads; ++thread_index) {
      threads.emplace_back([&, thread_index] {
        for (size_t i = 0; i < kGroups; ++i) {
          Outcome& outcome = outcomes[thread_index * kGroups + i];
          std::stop_source stop;
          RowGroup group = outcome.Group(engine_, std::vector<engine::Row>(1 + i % 4, GradientRowOf(1, 1 + i % 9)));
          group.stop = stop.get_token();
          worker_->Submit(std::move(group));
          if (i % 3 == 0) stop.request_stop();
        }
      });
    }
  }

  for (Outcome& outcome : outcomes) EXPECT_NE(outcome.Await().status().code(), absl::StatusCode::kInternal);
  worker_.reset();
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.num_ends(), 1);
}

}  // namespace
}  // namespace limpid::schedule
