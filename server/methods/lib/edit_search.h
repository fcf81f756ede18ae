#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/row.h"
#include "explain/method.h"
#include "methods/lib/changes.h"
#include "methods/lib/edit_limits.h"
#include "methods/lib/minimal_part.h"
#include "methods/lib/substitution_guesses.h"
#include "methods/lib/trials.h"

namespace limpid::methods {

// Beam search for the fewest changes that turn the decision. A round makes one change more: it guesses which lower the
// margin, by first-order estimates and by what single changes did in the first round, and tries the best guesses, for
// estimates alone are poor. It keeps the changed inputs of the lowest margins. Of changes that turn the decision, the
// smallest part that does.
class EditSearch {
 public:
  EditSearch(const EditOptions& options, const explain::MethodInput& input, const engine::Prediction& base);

  // Rows that are needed next, at most Trials::kMaxRowsAtOnce, none when the search is over; `rows` are the results of
  // those asked for last.
  std::vector<engine::Row> Advance(const explain::MethodInput& input, std::span<const engine::RowResult> rows);

  // When it is over: the edits, and as token scores the margin lost by the best single change tried of each token,
  // shared equally by the tokens it took out.
  explain::TokenScores Result(const explain::MethodInput& input) const;

  // At most.
  static std::vector<explain::Forecast> Expect(const EditOptions& options, const explain::MethodInput& input);

 private:
  struct Single {
    Change change;
    float loss = 0;  // of margin; not known before the first round
  };

  std::vector<engine::Row> BeginRound(const explain::MethodInput& input);
  void EndRound();
  void TryGuesses(std::vector<Guess> by_estimate, size_t num_tokens);
  std::vector<Guess> GuessesFromSingles() const;
  uint32_t RowsOfRound() const;
  std::vector<float> ScoresOfSingles(size_t num_tokens) const;
  float MarginLost(const Changes& changes) const { return trials_.MarginOf({}) - trials_.MarginOf(changes); }

  const EditOptions options_;
  Trials trials_;
  std::optional<SubstitutionGuesses> guesses_;
  enum class Stage { kGuessing, kTrying, kShrinking, kDone } stage_ = Stage::kTrying;
  uint32_t round_ = 0;
  std::vector<Changes> beam_ = {{}};
  std::vector<Changes> tried_;       // in this round
  std::vector<Single> singles_;      // the deletions; after the first round what was tried in it
  Changes best_;                     // of the lowest margin so far
  bool is_cut_ = false;              // guesses were left untried for want of rows
  std::optional<MinimalPart> part_;  // when the decision was turned
};

}  // namespace limpid::methods
