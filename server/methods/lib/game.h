#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/removal.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::methods {

// Of the units of a game: which are kept, all others being taken out.
using Coalition = std::vector<bool>;

// What a text's units are, and what takes the place of those that are not kept.
struct GameRules {
  explain::Granularity unit = explain::Granularity::kWord;
  explain::Replacement replacement = explain::Replacement::kDefault;
};

// Words unless the caller chose. INVALID_ARGUMENT naming the option.
absl::StatusOr<GameRules> ReadGameRules(v1::Granularity unit, v1::Replacement replacement);

// INVALID_ARGUMENT if the vocabulary lacks the replacement, or if no token would be left without any unit: deleted or
// hidden, an input needs a special token that stays.
absl::Status CheckGame(const GameRules& rules, const explain::MethodInput& input);

// The units of the input under these rules.
size_t NumUnits(const GameRules& rules, const explain::MethodInput& input);

// v(S): F of the input with the units of S kept. Knows v of every coalition that was run, and of all units, which is
// the input itself; a coalition is run once.
class Game {
 public:
  // So many fill the engine's batches, and no more lie in memory at a time.
  static constexpr size_t kRowsARound = 256;

  // CheckGame allows it.
  Game(const GameRules& rules, const explain::MethodInput& input, const engine::RowResult& base);

  size_t num_units() const { return units_.size(); }
  Coalition Nothing() const { return Coalition(num_units(), false); }
  Coalition Everything() const { return Coalition(num_units(), true); }

  // Rows for the first kRowsARound of these whose value is not known; none if all are.
  std::vector<engine::Row> Ask(std::span<const Coalition> coalitions);
  // The results of the rows that were asked for last.
  void Take(std::span<const engine::RowResult> rows);

  // Of one that is known.
  double Value(const Coalition& kept) const { return known_.at(kept); }
  std::vector<double> Values(std::span<const Coalition> coalitions) const;

  // Each unit's score shared equally by its tokens, with what the card says of the game.
  explain::TokenScores Scores(std::span<const double> unit_scores) const;
  // Of scores that ought to sum to v(everything) - v(nothing). Nothing is certified, for no tolerance is asked for.
  explain::Completeness CompletenessOf(std::span<const float> token_scores) const;

 private:
  const std::vector<explain::Unit> units_;
  const explain::Removal removal_;
  const engine::Row whole_;
  std::unordered_map<Coalition, double> known_;
  std::vector<Coalition> asked_;
};

// How many rows a game takes for these: each once, and none for all units.
uint32_t NumRows(std::span<const Coalition> coalitions);

}  // namespace limpid::methods
