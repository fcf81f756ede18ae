#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/status_matchers.h"
#include "unit/schedule/worker_test_base.h"

namespace limpid::schedule {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;
using testing::GradientRowOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Outcome;
using testing::RowOf;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

constexpr int32_t kPoison = 666;

bool HoldsPoison(std::span<const engine::Row* const> rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [](const engine::Row* row) { return row->token_ids.front() == kPoison; });
}

// Fails every batch that holds a poisoned row.
FakeEngine::Script FailingWith(absl::Status status) {
  return [status](std::span<const engine::Row* const> rows, std::vector<engine::RowResult>*) {
    return HoldsPoison(rows) ? status : absl::OkStatus();
  };
}

class FailingBatchTest : public WorkerTest, public ::testing::WithParamInterface<absl::StatusCode> {};

TEST_P(FailingBatchTest, FailsOnlyTheRowAtFault) {
  StartWorker(FailingWith(absl::Status(GetParam(), "too much")));
  HoldWorker();
  Outcome before, poisoned, after;
  Submit(&before, {GradientRowOf(1, 10)});
  Submit(&poisoned, {GradientRowOf(kPoison, 10), GradientRowOf(3, 10)});
  Submit(&after, {GradientRowOf(2, 10)});

  engine_->Release();

  EXPECT_THAT(before.Await(), IsOk());
  EXPECT_THAT(poisoned.Await(), StatusIs(GetParam(), "too much"));
  EXPECT_THAT(after.Await(), IsOk());
  // The rest of the poisoned group is not run again.
  EXPECT_THAT(BatchIds(),
              ElementsAre(ElementsAre(1, kPoison, 2, 3), ElementsAre(1), ElementsAre(kPoison), ElementsAre(2)));
}

INSTANTIATE_TEST_SUITE_P(Codes, FailingBatchTest,
                         ::testing::Values(absl::StatusCode::kResourceExhausted, absl::StatusCode::kInternal));

TEST_F(WorkerTest, APredictionIsAnnouncedOnceThoughItsRowRunsTwice) {
  // As when memory ends in the backward pass: predictions came, then the batch fails.
  class FailsAfterPrediction final : public engine::Engine {
   public:
    const engine::ModelCard& card() const override { return fake_.card(); }
    absl::Status Check(const engine::Row& row) const override { return fake_.Check(row); }
    engine::PassCost Cost(size_t num_tokens, const engine::Wanted& wanted) const override {
      return fake_.Cost(num_tokens, wanted);
    }
    std::shared_ptr<engine::Past> NewPast(size_t capacity, bool keeps_for_backward) override {
      return fake_.NewPast(capacity, keeps_for_backward);
    }
    uint64_t PastBytes(size_t capacity, bool keeps_for_backward) const override {
      return fake_.PastBytes(capacity, keeps_for_backward);
    }
    absl::StatusOr<std::vector<engine::RowResult>> Run(std::span<const engine::Row* const> rows,
                                                       engine::PassObserver* observer) override {
      auto results = fake_.Run(rows, observer);
      if (rows.size() > 1) return absl::ResourceExhaustedError("no memory left");
      return results;
    }

   private:
    FakeEngine fake_;
  };
  StartWorker();
  Outcome outcome;

  worker_->Submit(
      outcome.Group(std::make_shared<FailsAfterPrediction>(), {GradientRowOf(1, 10), GradientRowOf(2, 10)}));

  EXPECT_THAT(outcome.Await(), IsOk());
  EXPECT_THAT(outcome.predicted(), UnorderedElementsAre(0, 1));
}

TEST_F(WorkerTest, AnEngineThatThrowsFailsTheRowAndTheWorkerGoesOn) {
  StartWorker([](std::span<const engine::Row* const> rows, std::vector<engine::RowResult>*) {
    if (HoldsPoison(rows)) throw std::runtime_error("defect");
    return absl::OkStatus();
  });
  Outcome poisoned, next;

  Submit(&poisoned, {RowOf(kPoison, 10)});
  EXPECT_THAT(poisoned.Await(), StatusIs(absl::StatusCode::kInternal, HasSubstr("defect")));
  Submit(&next, {RowOf(1, 10)});

  EXPECT_THAT(next.Await(), IsOk());
}

TEST_F(WorkerTest, AnEngineThatLosesAResultFailsTheGroup) {
  StartWorker([](std::span<const engine::Row* const>, std::vector<engine::RowResult>* results) {
    results->clear();
    return absl::OkStatus();
  });
  Outcome outcome;

  Submit(&outcome, {RowOf(1, 10)});

  EXPECT_THAT(outcome.Await(), StatusIs(absl::StatusCode::kInternal, "the engine gave 0 results for 1 rows"));
}

TEST_F(WorkerTest, CallbacksThatThrowDoNotStopTheWorker) {
  StartWorker();
  Outcome outcome, next;
  RowGroup group = outcome.Group(engine_, {RowOf(1, 10)});
  group.on_prediction = [](size_t, const engine::Prediction&) { throw std::runtime_error("in on_prediction"); };
  group.on_done = [report = std::move(group.on_done)](auto results, auto timing) {
    report(std::move(results), timing);
    throw std::runtime_error("in on_done");
  };

  worker_->Submit(std::move(group));
  Submit(&next, {RowOf(2, 10)});

  EXPECT_THAT(outcome.Await(), IsOk());
  EXPECT_THAT(next.Await(), IsOk());
}

// Whether the worker takes nothing new because it stops. It must be held, so that its destructor cannot finish.
bool IsRefused(ComputeWorker* worker, const std::shared_ptr<engine::Engine>& engine) {
  RowGroup probe;
  probe.engine = engine;
  probe.rows = {RowOf(1, 1)};
  probe.deadline = absl::InfinitePast();
  const auto refused = std::make_shared<std::atomic<bool>>(false);
  probe.on_done = [refused](auto results, auto) { *refused = absl::IsUnavailable(results.status()); };
  worker->Submit(std::move(probe));
  return *refused;
}

TEST_F(WorkerTest, AnEngineThatItsOwnerHasGivenUpLivesUntilItsLastRowHasRun) {
  StartWorker();
  HoldWorker();
  Outcome outcome;
  const std::weak_ptr<FakeEngine> held = engine_;
  Submit(&outcome, {RowOf(1, 60), RowOf(2, 60)});
  FakeEngine* const engine = std::exchange(engine_, nullptr).get();

  engine->Release();

  EXPECT_THAT(outcome.Await(), IsOk());
  worker_.reset();
  EXPECT_TRUE(held.expired());
}

TEST_F(WorkerTest, GroupsThatStillWaitEndWhenTheWorkerDoes) {
  StartWorker();
  HoldWorker();
  Outcome waiting;
  Submit(&waiting, {RowOf(1, 10)});

  ComputeWorker* const stopping = worker_.get();
  std::jthread stopper([this] { worker_.reset(); });
  while (!IsRefused(stopping, engine_)) std::this_thread::yield();
  engine_->Release();
  stopper.join();

  ASSERT_TRUE(waiting.ended());
  EXPECT_THAT(waiting.Await(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another replica")));
  EXPECT_TRUE(BatchIds().empty());
  EXPECT_TRUE(holder_.ended());
}

}  // namespace
}  // namespace limpid::schedule
