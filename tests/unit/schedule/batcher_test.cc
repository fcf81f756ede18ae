#include "schedule/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_engine.h"
#include "support/row_groups.h"
#include "support/status_matchers.h"

namespace limpid::schedule {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::IsEmpty;
using testing::Outcome;
using testing::RowOf;
using ::testing::SizeIs;
using testing::StatusIs;

const absl::Time kNow = absl::UnixEpoch();

class BatcherTest : public ::testing::Test {
 protected:
  // Rows of these lengths; their token ids are `id`.
  std::shared_ptr<WaitingGroup> Add(int32_t id, const std::vector<size_t>& lengths,
                                    std::shared_ptr<engine::Engine> engine = nullptr) {
    std::vector<engine::Row> rows;
    for (size_t length : lengths) rows.push_back(RowOf(id, length));
    RowGroup group = outcome_.Group(engine == nullptr ? engine_ : std::move(engine), std::move(rows));
    group.stop = stop_.get_token();
    return Add(std::move(group));
  }

  void AddFor(const std::string& client, int32_t id, const std::vector<size_t>& lengths) {
    std::vector<engine::Row> rows;
    for (size_t length : lengths) rows.push_back(RowOf(id, length));
    RowGroup group = outcome_.Group(engine_, std::move(rows));
    group.client = client;
    Add(std::move(group));
  }
  void AddBulk(int32_t id, const std::vector<size_t>& lengths) {
    std::vector<engine::Row> rows;
    for (size_t length : lengths) rows.push_back(RowOf(id, length));
    RowGroup group = outcome_.Group(engine_, std::move(rows));
    group.priority = Priority::kBulk;
    Add(std::move(group));
  }

  std::shared_ptr<WaitingGroup> Add(RowGroup group) {
    auto waiting = std::make_shared<WaitingGroup>(std::move(group), kNow);
    batcher_.Add(waiting);
    return waiting;
  }

  // Ids of the rows of the next batch.
  std::vector<int32_t> Next() {
    std::vector<int32_t> ids;
    for (const RowTicket& ticket : batcher_.NextBatch(kNow).tickets) ids.push_back(ticket.row().token_ids.front());
    return ids;
  }

  Outcome outcome_;
  const std::shared_ptr<FakeEngine> engine_ = std::make_shared<FakeEngine>();
  const std::shared_ptr<FakeEngine> other_engine_ = std::make_shared<FakeEngine>();
  std::stop_source stop_;
  Speed speed_;
  Batcher batcher_{{.max_batch_tokens = 100, .max_batch_bytes = 200000}};
};

TEST_F(BatcherTest, PacksRowsOfAllGroupsUpToTheBudget) {
  Add(1, {40});
  Add(2, {30});
  Add(3, {30});
  Add(4, {1});

  EXPECT_THAT(Next(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Next(), ElementsAre(4));
  EXPECT_TRUE(batcher_.empty());
}

TEST_F(BatcherTest, PutsBackTheRowThatWouldExceedTheBudget) {
  Add(1, {60});
  Add(2, {41});
  Add(3, {10});

  EXPECT_THAT(Next(), ElementsAre(1));
  EXPECT_THAT(Next(), ElementsAre(2, 3));
}

TEST_F(BatcherTest, ARowLongerThanTheBudgetGoesAlone) {
  Add(1, {10});
  Add(2, {500});
  Add(3, {10});

  EXPECT_THAT(Next(), ElementsAre(1));
  EXPECT_THAT(Next(), ElementsAre(2));
  EXPECT_THAT(Next(), ElementsAre(3));
}

TEST_F(BatcherTest, AGroupOf200RowsDelaysAGroupOfOneRowByItsShareOnly) {
  Add(1, std::vector<size_t>(200, 10));
  Add(2, {10});
  Add(3, {10});

  EXPECT_THAT(Next(), ElementsAre(1, 2, 3, 1, 1, 1, 1, 1, 1, 1));
}

TEST_F(BatcherTest, ANewGroupWaitsOneTurnBehindAGroupOf200Rows) {
  Add(1, std::vector<size_t>(200, 40));
  Next();
  Add(2, {40});

  EXPECT_THAT(Next(), ElementsAre(1, 2));
}

TEST_F(BatcherTest, ALoneGroupFillsTheBatchInTheOrderOfItsRows) {
  Add(1, {20, 21, 22, 23, 24});

  const Batch batch = batcher_.NextBatch(kNow);

  ASSERT_THAT(batch.tickets, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(batch.tickets[i].row_index, i);
  EXPECT_EQ(batch.num_tokens, 20 + 21 + 22 + 23);
}

TEST_F(BatcherTest, ABatchHoldsRowsOfOneEngineAndEnginesTakeTurns) {
  Add(1, {50, 50, 50, 50}, engine_);
  Add(2, {50}, other_engine_);
  Add(3, {50}, engine_);

  const Batch first = batcher_.NextBatch(kNow);
  EXPECT_EQ(first.engine, engine_);
  EXPECT_THAT(first.tickets, SizeIs(2));
  const Batch second = batcher_.NextBatch(kNow);
  EXPECT_EQ(second.engine, other_engine_);
  EXPECT_THAT(second.tickets, SizeIs(1));
  EXPECT_THAT(Next(), ElementsAre(1, 1));
  EXPECT_THAT(Next(), ElementsAre(1));
}

TEST_F(BatcherTest, RowsOfALargeGroupLeaveEachNewGroupItsTurn) {
  Add(1, std::vector<size_t>(2000, 10));
  for (int32_t id = 2; id < 50; ++id) {
    Add(id, {10});
    const std::vector<int32_t> ids = Next();
    EXPECT_THAT(ids, Contains(id));
    EXPECT_THAT(ids, Contains(1));
  }
}

TEST_F(BatcherTest, ClientsGetTheSameTokensHoweverManyGroupsTheyHave) {
  for (int i = 0; i < 30; ++i) AddFor("busy", 1, {10});
  for (int i = 0; i < 30; ++i) AddFor("modest", 2, {5, 5});

  size_t busy = 0, modest = 0;
  for (int batch = 0; batch < 4; ++batch) {
    for (const RowTicket& ticket : batcher_.NextBatch(kNow).tickets) {
      (ticket.row().token_ids.front() == 1 ? busy : modest) += ticket.row().token_ids.size();
    }
  }

  EXPECT_NEAR(static_cast<double>(busy), static_cast<double>(modest), 40);
}

TEST_F(BatcherTest, ACallOfManyRequestsDelaysAnotherCallByItsShareOnly) {
  const auto add = [this](uint64_t call, int32_t id) {
    RowGroup group = outcome_.Group(engine_, {RowOf(id, 10)});
    group.call = call;
    Add(std::move(group));
  };
  for (int i = 0; i < 2000; ++i) add(1, 1);
  Next();
  add(2, 2);
  add(3, 3);

  const std::vector<int32_t> ids = Next();

  EXPECT_THAT(ids, Contains(2));
  EXPECT_THAT(ids, Contains(3));
}

TEST_F(BatcherTest, ACallTakesAQuarterOfABatchWhileOthersAreThereAndAWholeOneWhenItIsAlone) {
  const auto add = [this](uint64_t call, const std::vector<size_t>& lengths) {
    std::vector<engine::Row> rows;
    for (size_t length : lengths) rows.push_back(RowOf(static_cast<int32_t>(call), length));
    RowGroup group = outcome_.Group(engine_, std::move(rows));
    group.call = call;
    Add(std::move(group));
  };
  add(1, std::vector<size_t>(100, 5));
  EXPECT_EQ(batcher_.NextBatch(kNow).num_tokens, 100);
  add(2, {5});
  EXPECT_THAT(Next(), Contains(2));

  // The other caller thinks about his next request.
  EXPECT_EQ(batcher_.NextBatch(kNow + absl::Seconds(1)).num_tokens, 25);
  EXPECT_EQ(batcher_.NextBatch(kNow + absl::Seconds(4)).num_tokens, 25);
  EXPECT_EQ(batcher_.NextBatch(kNow + absl::Seconds(6)).num_tokens, 100);
}

TEST_F(BatcherTest, LongRowsGetNoMoreThanShortOnes) {
  AddFor("long", 1, std::vector<size_t>(50, 90));
  AddFor("short", 2, std::vector<size_t>(500, 9));

  size_t long_tokens = 0, short_tokens = 0;
  for (int batch = 0; batch < 40; ++batch) {
    for (const RowTicket& ticket : batcher_.NextBatch(kNow).tickets) {
      (ticket.row().token_ids.front() == 1 ? long_tokens : short_tokens) += ticket.row().token_ids.size();
    }
  }

  EXPECT_NEAR(static_cast<double>(long_tokens), static_cast<double>(short_tokens), 200);
}

TEST_F(BatcherTest, InteractiveRowsGoFirstAndBulkKeepsItsShare) {
  AddBulk(1, std::vector<size_t>(100, 50));
  Add(2, std::vector<size_t>(100, 50));

  std::vector<int32_t> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(Next().front());

  EXPECT_THAT(std::vector(batches.begin(), batches.begin() + 9), Each(2));
  EXPECT_EQ(std::count(batches.begin(), batches.end(), 1), 2);
}

TEST_F(BatcherTest, BulkRunsAtOnceWhenNothingElseWaits) {
  AddBulk(1, {50, 50, 50});
  EXPECT_THAT(Next(), ElementsAre(1, 1));
  Add(2, {10});
  EXPECT_THAT(Next(), ElementsAre(2));
  EXPECT_THAT(Next(), ElementsAre(1));
  EXPECT_TRUE(batcher_.empty());
}

TEST_F(BatcherTest, ABatchKeepsToItsMemory) {
  // 1000 bytes a token: 95 tokens' worth fit.
  Batcher batcher({.max_batch_tokens = 1000, .max_batch_bytes = 95000});
  for (size_t length : {60, 36, 59}) {
    batcher.Add(std::make_shared<WaitingGroup>(outcome_.Group(engine_, {RowOf(1, length)}), kNow));
  }

  EXPECT_EQ(batcher.NextBatch(kNow).num_tokens, 60);
  EXPECT_EQ(batcher.NextBatch(kNow).num_tokens, 95);
}

TEST_F(BatcherTest, TakesOutAGroupOnlyIfNoneOfItsRowsHasBegun) {
  const auto started = Add(1, {60, 60});
  const auto waiting = Add(2, {10});
  Next();
  ASSERT_EQ(batcher_.num_groups(), 1);
  const auto fresh = Add(3, {10});

  EXPECT_FALSE(batcher_.TakeUnstarted(*started));
  EXPECT_FALSE(batcher_.TakeUnstarted(*waiting));
  EXPECT_TRUE(batcher_.TakeUnstarted(*fresh));
  EXPECT_EQ(batcher_.num_tokens(), 60);
}

TEST_F(BatcherTest, TakesOutGroupsWhoseCallerHasGone) {
  const auto gone = Add(1, {10, 10});
  RowGroup stays = outcome_.Group(engine_, {RowOf(2, 10)});
  Add(std::move(stays));
  stop_.request_stop();

  EXPECT_THAT(batcher_.TakeGone(kNow, speed_), ElementsAre(gone));

  EXPECT_THAT(gone->CheckCaller(kNow, speed_), StatusIs(absl::StatusCode::kCancelled, "the caller has gone"));
  EXPECT_THAT(Next(), ElementsAre(2));
}

TEST_F(BatcherTest, TakesOutGroupsWhoseDeadlineHasCome) {
  RowGroup group = outcome_.Group(engine_, {RowOf(1, 10)});
  group.deadline = kNow + absl::Seconds(1);
  const auto late = Add(std::move(group));

  EXPECT_THAT(batcher_.TakeGone(kNow, speed_), IsEmpty());
  EXPECT_THAT(batcher_.TakeGone(kNow + absl::Seconds(1), speed_), ElementsAre(late));
  EXPECT_TRUE(batcher_.empty());
}

TEST_F(BatcherTest, TakesOutTheRestOfAGroupThatHasEnded) {
  const auto group = Add(1, {60, 60, 60});
  Next();
  group->Fail(absl::InternalError("its first row failed"));

  EXPECT_THAT(batcher_.TakeGone(kNow, speed_), ElementsAre(group));
  EXPECT_TRUE(batcher_.empty());
}

TEST_F(BatcherTest, CountsWhatWaits) {
  Add(1, {30, 50, 70});
  Add(2, {20});
  EXPECT_EQ(batcher_.num_tokens(), 170);
  EXPECT_EQ(batcher_.num_rows(), 4);
  EXPECT_EQ(batcher_.num_groups(), 2);

  EXPECT_THAT(Next(), ElementsAre(1, 2, 1));
  EXPECT_EQ(batcher_.num_tokens(), 70);
  EXPECT_EQ(batcher_.num_rows(), 1);
  EXPECT_EQ(batcher_.num_groups(), 1);

  batcher_.TakeAll();
  EXPECT_EQ(batcher_.num_tokens(), 0);
  EXPECT_EQ(batcher_.num_rows(), 0);
  EXPECT_EQ(batcher_.num_groups(), 0);
}

}  // namespace
}  // namespace limpid::schedule
