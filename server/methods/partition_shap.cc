#include <algorithm>
#include <optional>

#include "base/status_macros.h"
#include "explain/method.h"
#include "methods/lib/game.h"
#include "methods/lib/options.h"
#include "methods/lib/owen_tree.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// Owen values over a balanced tree of the units, as deep as the passes reach.
class PartitionShap final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::PartitionShap& options) {
    ABSL_ASSIGN_OR_RETURN(const GameRules rules, ReadGameRules(options.unit(), options.replacement()));
    ABSL_ASSIGN_OR_RETURN(const uint32_t most, ReadCount(options.max_evaluations(), 512, 1, 8192, "max_evaluations"));
    return std::make_unique<PartitionShap>(rules, most);
  }

  PartitionShap(const GameRules& rules, uint32_t max_evaluations) : rules_(rules), max_evaluations_(max_evaluations) {}

  absl::Status Check(const explain::MethodInput& input) const override { return CheckGame(rules_, input); }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    const size_t num_units = NumUnits(rules_, input);
    if (num_units == 0) return {};
    // One for no unit kept, and pairs.
    const size_t affordable = (max_evaluations_ - 1) / 2 * 2;
    return {{.rows = static_cast<uint32_t>(1 + std::min(affordable, OwenTree::NumRows(num_units)))}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!game_.has_value()) game_.emplace(rules_, input, base);
    game_->Take(rows);
    num_evaluations_ += rows.size();
    const Coalition nothing = game_->Nothing();
    explain::FoldStep step{.more_rows = game_->Ask({&nothing, 1})};
    if (step.more_rows.empty() && game_->num_units() > 0) step.more_rows = RowsToDivide();
    if (!step.more_rows.empty()) return step;
    step.scores = game_->Scores(tree_.has_value() ? tree_->Scores() : std::vector<double>());
    step.scores.card.form = !tree_.has_value() || tree_->IsWhole() ? "whole tree" : "part of the tree";
    step.scores.card.completeness = game_->CompletenessOf(step.scores.scores);
    return step;
  }

 private:
  // Many groups a round, so that batches are full; the weightiest of those that are known at its begin.
  std::vector<engine::Row> RowsToDivide() {
    if (tree_.has_value()) {
      tree_->Divide(*game_);
    } else {
      tree_.emplace(game_->num_units(), game_->Value(game_->Nothing()), game_->Value(game_->Everything()));
    }
    const size_t left = max_evaluations_ - num_evaluations_;
    return game_->Ask(tree_->Next(std::min(left, Game::kRowsARound)));
  }

  const GameRules rules_;
  const size_t max_evaluations_;
  size_t num_evaluations_ = 0;
  std::optional<Game> game_;
  std::optional<OwenTree> tree_;
};

const Registration kRegistration(v1::Method::kPartitionShap, [](const v1::Method& method) {
  return PartitionShap::Create(method.partition_shap());
});

}  // namespace
}  // namespace limpid::methods
