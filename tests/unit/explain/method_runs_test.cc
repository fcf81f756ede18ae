#include "explain/method_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "support/method_spec.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::Spec;
using testing::StatusIs;

// Asks for `per_round` rows in each of `rounds` rounds; scores one token with the sum of the
// token ids of its rows' logits.
class CountingMethod final : public Method {
 public:
  CountingMethod(size_t rounds, size_t per_round, float id, bool refines = false)
      : rounds_(rounds), per_round_(per_round), id_(id), refines_(refines) {}

  void Plan(const MethodInput&, engine::Wanted* base) const override { base->head_importance = true; }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult&,
                                std::span<const engine::RowResult> rows) override {
    EXPECT_EQ(rows.size(), num_folds_ == 0 ? 0 : per_round_) << "those asked for last";
    for (const engine::RowResult& row : rows) {
      EXPECT_EQ(row.prediction.target_value, id_) << "a row of another method";
      sum_ += row.prediction.target_value;
    }
    FoldStep step;
    step.scores.scores = {sum_};
    if (num_folds_++ < rounds_) {
      step.more_rows = NextRows(input);
      step.is_refinement = refines_ && num_folds_ > 1;
    }
    return step;
  }

 private:
  std::vector<engine::Row> NextRows(const MethodInput& input) const {
    std::vector<engine::Row> rows(per_round_, input.base_row);
    for (engine::Row& row : rows) {
      row.token_ids = {static_cast<int32_t>(id_)};
      row.wanted.head_importance = true;  // so that each row runs
    }
    return rows;
  }

  const size_t rounds_, per_round_;
  const float id_;
  const bool refines_;
  size_t num_folds_ = 0;
  float sum_ = 0;
};

class MethodRunsTest : public ::testing::Test {
 protected:
  template <typename Kind, typename... Options>
  void Add(const char* name, Options... options) {
    methods_.push_back({.name = name, .make = [=] { return std::make_unique<Kind>(options...); }});
  }

  // One round: the rows' results say which id they ran.
  absl::StatusOr<std::vector<engine::Row>> Fold(MethodRuns* runs, const std::vector<engine::Row>& rows) {
    std::vector<engine::RowResult> results(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      results[i].prediction.target_value = static_cast<float>(rows[i].token_ids.front());
    }
    const auto take = [this](size_t index, TokenScores scores, bool is_refining) {
      sent_.push_back(index);
      scores_.push_back(std::move(scores));
      are_refining_.push_back(is_refining);
    };
    return runs->Fold(text_.input(), text_.base, results, {.on_scores = take, .on_quality = [this](QualityEvent event) {
                                                             reports_.push_back(std::move(event));
                                                           }});
  }

  MethodCase text_{3};
  std::vector<MethodSpec> methods_;
  std::vector<size_t> sent_;
  std::vector<TokenScores> scores_;
  std::vector<bool> are_refining_;
  std::vector<QualityEvent> reports_;
};

TEST_F(MethodRunsTest, EachMethodGetsItsOwnRowsUntilItAsksForNoMore) {
  Add<CountingMethod>("counting", 2, 3, 10.f);
  Add<CountingMethod>("counting", 0, 0, 0.f);
  Add<CountingMethod>("counting", 3, 2, 100.f);
  MethodRuns runs(methods_, std::nullopt);
  engine::Wanted wanted;

  runs.Plan(text_.input(), &wanted);
  EXPECT_TRUE(wanted.head_importance);
  auto more = Fold(&runs, {});
  ASSERT_THAT(more, IsOk());
  EXPECT_THAT(*more, SizeIs(5));
  more = Fold(&runs, *more);
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
    absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult&,
                                  std::span<const engine::RowResult>) override {
      FoldStep step;
      step.scores.scores = {1, -2, 3};
      return step;
    }
  };
  Add<Signed>("signed");
  MethodRuns runs(methods_, std::nullopt);

  ASSERT_THAT(Fold(&runs, {}), IsOk());

  EXPECT_EQ(scores_[0].card.method, "signed");
  EXPECT_EQ(scores_[0].card.sum_abs, 6);
}

TEST_F(MethodRunsTest, SumsHeadScoresWhereThereAreNoOthers) {
  text_.base.head_importance = MakeTensor({2, 2}, {1, 2, 3, 4});
  methods_.push_back(Spec("head_importance {}"));
  MethodRuns runs(methods_, std::nullopt);

  ASSERT_THAT(Fold(&runs, {}), IsOk());

  EXPECT_EQ(scores_[0].card.sum_abs, 10);
}

TEST_F(MethodRunsTest, RefusalsNameTheMethodAndItsOption) {
  methods_.push_back(Spec("saliency {}"));
  methods_.push_back(Spec("attention_rollout { query_token: 3 }"));
  const MethodRuns runs(methods_, std::nullopt);

  EXPECT_THAT(runs.Check(text_.input()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "methods[1].attention_rollout.query_token: is 3, the input has tokens 0 to 2"));
}

TEST_F(MethodRunsTest, RefusalsOfATargetNameTheRequestsFieldAndTheMethod) {
  methods_.push_back(Spec("saliency {}"));
  methods_.push_back(Spec("token_interactions {}"));
  const MethodRuns runs(methods_, std::nullopt);

  EXPECT_THAT(
      runs.Check(text_.input()),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "target: must be similarity: interactions are between two texts (methods[1].token_interactions)"));
}

TEST_F(MethodRunsTest, RefusalsOfAnInputNameTheRequestsFieldAndTheMethod) {
  const MethodCase long_text(65);
  methods_.push_back(Spec("attention_flow {}"));
  const MethodRuns runs(methods_, std::nullopt);

  EXPECT_THAT(runs.Check(long_text.input()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "input: has 65 tokens, this method takes at most 64 (methods[0].attention_flow)"));
}

TEST_F(MethodRunsTest, AScoreThatIsNotFiniteIsAFailure) {
  text_.base.head_importance = MakeTensor({1, 2}, {1, std::numeric_limits<float>::quiet_NaN()});
  methods_.push_back(Spec("head_importance {}"));
  MethodRuns runs(methods_, std::nullopt);

  EXPECT_THAT(Fold(&runs, {}),
              StatusIs(absl::StatusCode::kInternal, "methods[0].head_importance: a score is not finite"));
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(MethodRunsTest, AFoldThatFailsNamesTheMethod) {
  class Failing final : public Method {
   public:
    absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult&,
                                  std::span<const engine::RowResult>) override {
      return absl::InternalError("singular");
    }
  };
  Add<Failing>("failing");
  MethodRuns runs(methods_, std::nullopt);

  EXPECT_THAT(Fold(&runs, {}), StatusIs(absl::StatusCode::kInternal, "methods[0].failing: singular"));
}

// Asks for the base row's prediction in each of two rounds.
class Asking final : public Method {
 public:
  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult> rows) override {
    FoldStep step;
    for (const engine::RowResult& row : rows) sum_ += row.prediction.target_value;
    step.scores.scores = {sum_};
    if (num_folds_++ < 2) step.more_rows.push_back(FrozenRow(input, base.prediction));
    return step;
  }

 private:
  int num_folds_ = 0;
  float sum_ = 0;
};

TEST_F(MethodRunsTest, ARoundOfRowsThatHaveAllRunIsFoldedAtOnce) {
  Add<Asking>("asking");
  MethodRuns runs(methods_, std::nullopt);
  auto more = Fold(&runs, {});
  ASSERT_THAT(more, IsOk());
  ASSERT_THAT(*more, SizeIs(1));

  more = Fold(&runs, *more);

  ASSERT_THAT(more, IsOk());
  EXPECT_THAT(*more, IsEmpty());
  ASSERT_THAT(scores_, SizeIs(1));
  EXPECT_THAT(scores_[0].scores, ElementsAre(2.0f * static_cast<float>(text_.id(0))));
}

}  // namespace
}  // namespace limpid::explain
