#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "engine/row.h"
#include "explain/method.h"
#include "methods/lib/changes.h"
#include "methods/lib/decision.h"

namespace limpid::methods {

// What the model says of changed inputs, each asked once, within a budget of rows. A method that folds:
//   trials.Take(rows); ... trials.Try(changes); ... return trials.NextRows(input) until there are none.
class Trials {
 public:
  static constexpr size_t kMaxRowsAtOnce = 256;

  struct Trial {
    std::vector<float> logits;
    float margin = 0;
  };

  Trials(const explain::MethodInput& input, const engine::Prediction& base, uint32_t max_rows);

  // Tried, or to be run.
  bool Knows(const Changes& changes) const { return trials_.contains(changes); }

  // To be run if it is not known. False if no row is left for it.
  bool Try(const Changes& changes);

  // Of what is to be tried, so many at once; empty when all is known. Their results go to Take.
  std::vector<engine::Row> NextRows(const explain::MethodInput& input);
  void Take(std::span<const engine::RowResult> rows);

  // Takes rows that are not trials off the budget. False if so many are not left.
  bool Spend(uint32_t rows);

  // Null where it was not tried. The input without changes is known from the start.
  const Trial* Find(const Changes& changes) const;
  float MarginOf(const Changes& changes) const { return Find(changes)->margin; }

  // All but the input itself. Nothing may be on its way.
  void Forget();

  bool is_waiting() const { return !waiting_.empty(); }
  uint32_t rows_left() const { return rows_left_; }
  const engine::Row& whole() const { return whole_; }
  const Decision& decision() const { return decision_; }

 private:
  const engine::Row whole_;
  const Decision decision_;
  uint32_t rows_left_;
  std::map<Changes, Trial> trials_;  // without logits: on its way
  std::vector<Changes> waiting_, running_;
};

}  // namespace limpid::methods
