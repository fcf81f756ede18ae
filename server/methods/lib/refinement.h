#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/row.h"
#include "explain/event.h"
#include "explain/removal.h"
#include "methods/lib/leave_one_out.h"

namespace limpid::methods {

// Leave-one-out that goes from large units into smaller ones where it matters: a unit is divided if its |score| is at
// least `min_share` of the largest of its level. A unit that is the same on two levels is run once. One that is its
// level's only one, or that cannot be taken out because nothing would be left, is divided without a run.
class Refinement {
 public:
  // Units of each level, each level's within those of the one before it; at least one level.
  Refinement(std::vector<std::vector<explain::Unit>> levels, const explain::Removal& removal, size_t num_tokens,
             float min_share);

  // Those of the next level that has any; none when all is known.
  std::vector<engine::Row> NextRows(const engine::Row& whole);
  // Their results.
  void Take(const engine::Prediction& base, std::span<const engine::RowResult> rows);

  // When all is known. [T]: the scores of the units that were not divided, shared equally by their tokens.
  std::vector<float> Scores() const;
  // That were taken out.
  uint32_t num_units() const { return num_units_; }

 private:
  struct Part {
    explain::Unit unit;
    std::optional<float> score = std::nullopt;
  };

  bool IsLast() const { return level_ + 1 == levels_.size(); }
  std::vector<explain::Unit> UnitsToRun() const;
  void GoIn();

  std::vector<std::vector<explain::Unit>> levels_;
  explain::Removal removal_;
  size_t num_tokens_;
  float min_share_;
  size_t level_ = 0;
  std::vector<Part> parts_;        // of this level
  std::vector<Part> whole_parts_;  // of levels before, that were not divided
  std::optional<LeaveOneOut> running_;
  uint32_t num_units_ = 0;
};

}  // namespace limpid::methods
