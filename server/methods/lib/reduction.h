#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/row.h"
#include "explain/method.h"
#include "methods/lib/changes.h"
#include "methods/lib/edit_limits.h"
#include "methods/lib/trials.h"

namespace limpid::methods {

// Takes words out one at a time as long as the target's class stays ahead (Feng et al. 2018). The first round tries
// every word; each later one those words first whose loss of margin was the smallest when they were last tried, and
// keeps the reduced inputs of the highest margins. It ends when no word can be taken out of any of them.
class Reduction {
 public:
  Reduction(const EditOptions& options, const explain::MethodInput& input, const engine::Prediction& base);

  // As EditSearch.
  std::vector<engine::Row> Advance(const explain::MethodInput& input, std::span<const engine::RowResult> rows);

  // When it is over: the edits, and as token scores the margin lost without each word alone, shared by its tokens.
  explain::TokenScores Result(const explain::MethodInput& input) const;

  // At most.
  static std::vector<explain::Forecast> Expect(const EditOptions& options, const explain::MethodInput& input);

 private:
  struct Reduced {
    Changes changes;
    Trials::Trial trial;
  };
  struct Step {
    size_t parent, word;  // in beam_, words_
  };

  void TakeTrials();
  void TryMore(size_t num_tokens);
  std::vector<Step> UntriedSteps(size_t num_tokens) const;
  Changes After(const Step& step) const;

  const EditLimits limits_;
  Trials trials_;  // since the last word went
  const std::vector<explain::Unit> words_;
  std::vector<float> losses_;        // [words], when last tried
  std::vector<float> first_losses_;  // [words], out of the whole input
  std::vector<Reduced> beam_;        // all of as many words
  std::vector<Step> tried_;          // not yet taken
  enum class End { kNone, kNoDecision, kExhausted, kMaxEdits, kBudget } end_ = End::kNone;
};

}  // namespace limpid::methods
