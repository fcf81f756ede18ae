#include "methods/lib/game.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "base/status_macros.h"
#include "explain/tensors.h"
#include "methods/lib/completeness.h"
#include "methods/lib/leave_one_out.h"
#include "methods/lib/options.h"

namespace limpid::methods {

using explain::Removal;
using explain::Unit;

absl::StatusOr<GameRules> ReadGameRules(v1::Granularity unit, v1::Replacement replacement) {
  GameRules rules;
  if (unit != v1::GRANULARITY_UNSPECIFIED) {
    ABSL_ASSIGN_OR_RETURN(rules.unit, ReadGranularity(unit, "unit"));
  }
  ABSL_ASSIGN_OR_RETURN(rules.replacement, ReadReplacement(replacement));
  return rules;
}

absl::Status CheckGame(const GameRules& rules, const explain::MethodInput& input) {
  const Removal removal(rules.replacement, input);
  ABSL_RETURN_IF_ERROR(removal.Check("replacement"));
  const std::vector<Unit> units = explain::RemovableUnits(input, rules.unit);
  if (removal.IsPossible(explain::TokensOf(units, input.num_tokens()))) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "replacement: DELETE and ATTENTION leave nothing of an input without special tokens; choose MASK, PAD, UNKNOWN, "
      "ZERO or MEAN");
}

size_t NumUnits(const GameRules& rules, const explain::MethodInput& input) {
  return explain::RemovableUnits(input, rules.unit).size();
}

Game::Game(const GameRules& rules, const explain::MethodInput& input, const engine::RowResult& base)
    : units_(explain::RemovableUnits(input, rules.unit)),
      removal_(rules.replacement, input),
      whole_(explain::FrozenRow(input, base.prediction)) {
  known_.emplace(Everything(), base.prediction.target_value);
}

std::vector<engine::Row> Game::Ask(std::span<const Coalition> coalitions) {
  asked_.clear();
  std::unordered_set<Coalition> is_asked;
  std::vector<engine::Row> rows;
  for (const Coalition& kept : coalitions) {
    if (rows.size() == kRowsARound) break;
    if (known_.contains(kept) || !is_asked.insert(kept).second) continue;
    rows.push_back(removal_.Only(units_, kept, whole_));
    asked_.push_back(kept);
  }
  return rows;
}

void Game::Take(std::span<const engine::RowResult> rows) {
  for (size_t i = 0; i < rows.size(); ++i) known_.emplace(std::move(asked_[i]), rows[i].prediction.target_value);
  asked_.clear();
}

std::vector<double> Game::Values(std::span<const Coalition> coalitions) const {
  std::vector<double> values;
  for (const Coalition& kept : coalitions) values.push_back(Value(kept));
  return values;
}

explain::TokenScores Game::Scores(std::span<const double> unit_scores) const {
  explain::TokenScores scores;
  scores.card.is_signed = true;
  scores.card.replacement = removal_.replacement();
  scores.card.units = static_cast<uint32_t>(num_units());
  const std::vector<float> rounded(unit_scores.begin(), unit_scores.end());
  scores.scores = SpreadOverTokens(units_, rounded, whole_.token_ids.size());
  return scores;
}

explain::Completeness Game::CompletenessOf(std::span<const float> token_scores) const {
  explain::Completeness result{.value = static_cast<float>(Value(Everything())),
                               .baseline_value = static_cast<float>(Value(Nothing()))};
  const double sum = std::accumulate(token_scores.begin(), token_scores.end(), 0.0);
  result.error = CompletenessError(sum, result.value, result.baseline_value);
  return result;
}

uint32_t NumRows(std::span<const Coalition> coalitions) {
  std::unordered_set<Coalition> distinct;
  for (const Coalition& kept : coalitions) {
    if (std::find(kept.begin(), kept.end(), false) != kept.end()) distinct.insert(kept);
  }
  return static_cast<uint32_t>(distinct.size());
}

}  // namespace limpid::methods
