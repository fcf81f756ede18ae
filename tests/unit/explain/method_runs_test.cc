#include "explain/method_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "support/status_matchers.h"
#include "unit/explain/method_case.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

// Asks for `per_round` rows in each of `rounds` rounds, the first in its plan; scores one token with the sum of the
// token ids of its rows' logits.
class CountingMethod final : public Method {
 public:
  CountingMethod(size_t rounds, size_t per_round, float id) : rounds_(rounds), per_round_(per_round), id_(id) {}

  std::string_view name() const override { return "counting"; }

  std::vector<engine::Row> Plan(const MethodInput& input, engine::Wanted* base) const override {
    base->head_importance = true;
    return rounds_ > 0 ? NextRows(input) : std::vector<engine::Row>();
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult&,
                                std::span<const engine::RowResult> rows) override {
    ++num_folds_;
    EXPECT_EQ(rows.size(), std::min(num_folds_, rounds_) * per_round_) << "all rows so far";
    FoldStep step;
    if (num_folds_ < rounds_) {
      step.more_rows = NextRows(input);
      return step;
    }
    float sum = 0;
    for (const engine::RowResult& row : rows) {
      EXPECT_EQ(row.prediction.target_value, id_) << "a row of another method";
      sum += row.prediction.target_value;
    }
    step.scores.scores = {sum};
    return step;
  }

 private:
  std::vector<engine::Row> NextRows(const MethodInput& input) const {
    std::vector<engine::Row> rows(per_round_, input.base_row);
    for (engine::Row& row : rows) row.token_ids = {static_cast<int32_t>(id_)};
    return rows;
  }

  const size_t rounds_, per_round_;
  const float id_;
  size_t num_folds_ = 0;
};

class MethodRunsTest : public ::testing::Test {
 protected:
  void Add(std::unique_ptr<Method> method) { methods_.push_back(std::move(method)); }

  // One round: the rows' results say which id they ran.
  absl::StatusOr<std::vector<engine::Row>> Fold(MethodRuns* runs, const std::vector<engine::Row>& rows) {
    std::vector<engine::RowResult> results(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      results[i].prediction.target_value = static_cast<float>(rows[i].token_ids.front());
    }
    return runs->Fold(text_.input(), text_.base, results, [this](size_t index, TokenScores scores) {
      sent_.push_back(index);
      scores_.push_back(std::move(scores));
    });
  }

  MethodCase text_{3};
  std::vector<std::unique_ptr<Method>> methods_;
  std::vector<size_t> sent_;
  std::vector<TokenScores> scores_;
};

TEST_F(MethodRunsTest, EachMethodGetsItsOwnRowsUntilItAsksForNoMore) {
  Add(std::make_unique<CountingMethod>(2, 3, 10.f));
  Add(std::make_unique<CountingMethod>(0, 0, 0.f));
  Add(std::make_unique<CountingMethod>(3, 2, 100.f));
  MethodRuns runs(std::move(methods_));
  engine::Wanted wanted;

  std::vector<engine::Row> rows = runs.Plan(text_.input(), &wanted);
  EXPECT_TRUE(wanted.head_importance);
  EXPECT_THAT(rows, SizeIs(5));
  auto more = Fold(&runs, rows);
  ASSERT_THAT(more, IsOk());
  EXPECT_THAT(*more, SizeIs(5));
  EXPECT_THAT(sent_, IsEmpty()) << "the second is done, but the first is not";
  more = Fold(&runs, *more);
  ASSERT_THAT(more, IsOk());
  EXPECT_THAT(*more, SizeIs(2));
  EXPECT_THAT(sent_, ElementsAre(0, 1));
  more = Fold(&runs, *more);
  ASSERT_THAT(more, IsOk());
  EXPECT_THAT(*more, IsEmpty());

  EXPECT_THAT(sent_, ElementsAre(0, 1, 2));
  EXPECT_THAT(scores_[0].scores, ElementsAre(60));
  EXPECT_THAT(scores_[2].scores, ElementsAre(600));
}

TEST_F(MethodRunsTest, CompletesTheCard) {
  class Signed final : public Method {
   public:
    std::string_view name() const override { return "signed"; }
    std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted*) const override { return {}; }
    absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult&,
                                  std::span<const engine::RowResult>) override {
      FoldStep step;
      step.scores.scores = {1, -2, 3};
      return step;
    }
  };
  Add(std::make_unique<Signed>());
  MethodRuns runs(std::move(methods_));

  ASSERT_THAT(Fold(&runs, {}), IsOk());

  EXPECT_EQ(scores_[0].card.method, "signed");
  EXPECT_EQ(scores_[0].card.sum_abs, 6);
}

TEST_F(MethodRunsTest, SumsHeadScoresWhereThereAreNoOthers) {
  text_.base.head_importance = MakeTensor({2, 2}, {1, 2, 3, 4});
  Add(MakeMethod(HeadImportanceSpec{}));
  MethodRuns runs(std::move(methods_));

  ASSERT_THAT(Fold(&runs, {}), IsOk());

  EXPECT_EQ(scores_[0].card.sum_abs, 10);
}

TEST_F(MethodRunsTest, RefusalsNameTheMethodAndItsOption) {
  Add(MakeMethod(SaliencySpec{}));
  Add(MakeMethod(AttentionRolloutSpec{.query_token = 3}));
  const MethodRuns runs(std::move(methods_));

  EXPECT_THAT(runs.Check(text_.input()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "methods[1].attention_rollout.query_token: is 3, the input has tokens 0 to 2"));
}

TEST_F(MethodRunsTest, AScoreThatIsNotFiniteIsAFailure) {
  text_.base.head_importance = MakeTensor({1, 2}, {1, std::numeric_limits<float>::quiet_NaN()});
  Add(MakeMethod(HeadImportanceSpec{}));
  MethodRuns runs(std::move(methods_));

  EXPECT_THAT(Fold(&runs, {}),
              StatusIs(absl::StatusCode::kInternal, "methods[0].head_importance: a score is not finite"));
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(MethodRunsTest, AFoldThatFailsNamesTheMethod) {
  class Failing final : public Method {
   public:
    std::string_view name() const override { return "failing"; }
    std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted*) const override { return {}; }
    absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult&,
                                  std::span<const engine::RowResult>) override {
      return absl::InternalError("singular");
    }
  };
  Add(std::make_unique<Failing>());
  MethodRuns runs(std::move(methods_));

  EXPECT_THAT(Fold(&runs, {}), StatusIs(absl::StatusCode::kInternal, "methods[0].failing: singular"));
}

}  // namespace
}  // namespace limpid::explain
