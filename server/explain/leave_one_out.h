#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/request.h"

namespace limpid::explain {

// F(x) - F(x without a unit), for units that are taken out one at a time: what its methods share.
class LeaveOneOut {
 public:
  // A special token is no unit, nor is the whole input where it would be deleted: there would be nothing to run.
  LeaveOneOut(const MethodInput& input, Granularity unit, Replacement replacement);

  // INVALID_ARGUMENT if the vocabulary has no such token; `field` is the option's name.
  absl::Status Check(const char* field) const;

  // A row a unit.
  Forecast Expect() const { return {.rows = static_cast<uint32_t>(units_.size())}; }

  // Asks for the rows, then makes scores [T] of them: a unit's is shared equally by its tokens, 0 for tokens of no
  // unit.
  FoldStep Fold(const MethodInput& input, const engine::Prediction& base,
                std::span<const engine::RowResult> rows) const;

  // What kDefault became.
  Replacement replacement() const { return replacement_; }

 private:
  engine::Row Without(const Unit& unit, engine::Row row) const;
  std::vector<float> Scores(size_t num_tokens, const engine::Prediction& base,
                            std::span<const engine::RowResult> rows) const;

  Replacement replacement_;
  int32_t stand_in_ = -1;
  std::vector<Unit> units_;
};

}  // namespace limpid::explain
