#include "schedule/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_engine.h"
#include "support/row_groups.h"
#include "support/status_matchers.h"

namespace limpid::schedule {
namespace {

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

  std::shared_ptr<WaitingGroup> Add(RowGroup group) {
    auto waiting = std::make_shared<WaitingGroup>(std::move(group), kNow);
    batcher_.Add(waiting);
    return waiting;
  }

  // Ids of the rows of the next batch.
  std::vector<int32_t> Next() {
    std::vector<int32_t> ids;
    for (const RowTicket& ticket : batcher_.NextBatch().tickets) ids.push_back(ticket.row().token_ids.front());
    return ids;
  }

  Outcome outcome_;
  const std::shared_ptr<FakeEngine> engine_ = std::make_shared<FakeEngine>();
  const std::shared_ptr<FakeEngine> other_engine_ = std::make_shared<FakeEngine>();
  std::stop_source stop_;
  Batcher batcher_{100};
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

  const Batch batch = batcher_.NextBatch();

  ASSERT_THAT(batch.tickets, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(batch.tickets[i].row_index, i);
  EXPECT_EQ(batch.num_tokens, 20 + 21 + 22 + 23);
}

TEST_F(BatcherTest, ABatchHoldsRowsOfOneEngineAndEnginesTakeTurns) {
  Add(1, {50, 50, 50, 50}, engine_);
  Add(2, {50}, other_engine_);
  Add(3, {50}, engine_);

  const Batch first = batcher_.NextBatch();
  EXPECT_EQ(first.engine, engine_.get());
  EXPECT_THAT(first.tickets, SizeIs(2));
  const Batch second = batcher_.NextBatch();
  EXPECT_EQ(second.engine, other_engine_.get());
  EXPECT_THAT(second.tickets, SizeIs(1));
  EXPECT_THAT(Next(), ElementsAre(1, 1));
  EXPECT_THAT(Next(), ElementsAre(1));
}

TEST_F(BatcherTest, TakesOutGroupsWhoseCallerHasGone) {
  const auto gone = Add(1, {10, 10});
  RowGroup stays = outcome_.Group(engine_, {RowOf(2, 10)});
  Add(std::move(stays));
  stop_.request_stop();

  EXPECT_THAT(batcher_.TakeGone(kNow), ElementsAre(gone));

  EXPECT_THAT(gone->CheckCaller(kNow), StatusIs(absl::StatusCode::kCancelled, "the caller has gone"));
  EXPECT_THAT(Next(), ElementsAre(2));
}

TEST_F(BatcherTest, TakesOutGroupsWhoseDeadlineHasCome) {
  RowGroup group = outcome_.Group(engine_, {RowOf(1, 10)});
  group.deadline = kNow + absl::Seconds(1);
  const auto late = Add(std::move(group));

  EXPECT_THAT(batcher_.TakeGone(kNow), IsEmpty());
  EXPECT_THAT(batcher_.TakeGone(kNow + absl::Seconds(1)), ElementsAre(late));
  EXPECT_TRUE(batcher_.empty());
}

TEST_F(BatcherTest, TakesOutTheRestOfAGroupThatHasEnded) {
  const auto group = Add(1, {60, 60, 60});
  Next();
  group->Fail(absl::InternalError("its first row failed"));

  EXPECT_THAT(batcher_.TakeGone(kNow), ElementsAre(group));
  EXPECT_TRUE(batcher_.empty());
}

TEST_F(BatcherTest, CountsWhatWaits) {
  Add(1, {30, 50, 70});
  Add(2, {20});
  EXPECT_EQ(batcher_.num_tokens(), 170);
  EXPECT_EQ(batcher_.num_groups(), 2);

  EXPECT_THAT(Next(), ElementsAre(1, 2, 1));
  EXPECT_EQ(batcher_.num_tokens(), 70);
  EXPECT_EQ(batcher_.num_groups(), 1);

  batcher_.TakeAll();
  EXPECT_EQ(batcher_.num_tokens(), 0);
  EXPECT_EQ(batcher_.num_groups(), 0);
}

}  // namespace
}  // namespace limpid::schedule
