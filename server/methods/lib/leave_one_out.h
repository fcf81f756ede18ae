#pragma once

#include <span>
#include <vector>

#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/removal.h"

namespace limpid::methods {

// F(x) - F(x without a unit), for units that are taken out one at a time.
class LeaveOneOut {
 public:
  // A unit that cannot be taken out because nothing would be left is none.
  LeaveOneOut(std::vector<explain::Unit> units, const explain::Removal& removal, size_t num_tokens);

  // A row a unit.
  std::vector<engine::Row> Rows(const engine::Row& whole) const;

  // Of each unit, from the rows' results.
  std::vector<float> Losses(const engine::Prediction& base, std::span<const engine::RowResult> rows) const;

  const std::vector<explain::Unit>& units() const { return units_; }

 private:
  std::vector<explain::Unit> units_;
  explain::Removal removal_;
  size_t num_tokens_;
};

// [T]: each unit's score shared equally by its tokens, 0 for tokens of no unit.
std::vector<float> SpreadOverTokens(std::span<const explain::Unit> units, std::span<const float> unit_scores,
                                    size_t num_tokens);

}  // namespace limpid::methods
