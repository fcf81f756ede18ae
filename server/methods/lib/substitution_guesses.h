#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/row.h"
#include "explain/method.h"
#include "methods/lib/allowed_words.h"
#include "methods/lib/changes.h"
#include "methods/lib/edit_limits.h"
#include "methods/lib/trials.h"

namespace limpid::methods {

// One more change to an input that was changed already.
struct Guess {
  size_t parent = 0;  // which changed input
  Change change;
  float margin = 0;  // expected
};

// Substitutions that may lower the margin most, by first-order estimates (Ebrahimi et al. 2018): a backward pass for
// each changed input, two where both whole words and pieces of words may be replaced in it.
class SubstitutionGuesses {
 public:
  SubstitutionGuesses(const EditLimits& limits, uint32_t candidates, bool words_only,
                      const explain::MethodInput& input);

  // What it takes for `num_parents`, at most.
  explain::Forecast Expect(uint32_t num_parents) const;

  // For substitutions in the changed inputs `parents`, of tokens that are not changed yet; as many as the budget has.
  std::vector<engine::Row> Rows(const explain::MethodInput& input, const std::vector<Changes>& parents, Trials* trials);

  // From the results of these rows.
  std::vector<Guess> Read(std::span<const engine::RowResult> rows, const Trials& trials) const;

 private:
  enum class Kind : uint8_t { kUntouchable, kWord, kPiece };
  struct Asked {
    size_t parent;
    Changes changes;
    std::vector<uint32_t> origins;
  };

  uint32_t candidates_;
  bool words_only_;
  std::vector<Kind> kinds_;              // [T]
  std::optional<AllowedWords> allowed_;  // made for the first rows
  std::vector<Asked> asked_;             // a row
};

}  // namespace limpid::methods
