#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/request.h"

namespace limpid::explain {

// F(x) - F(x without a unit), for units that are taken out one at a time.
class LeaveOneOut {
 public:
  // A special token is no unit: it is never taken out.
  LeaveOneOut(const MethodInput& input, Granularity unit, Replacement replacement);

  // INVALID_ARGUMENT if the vocabulary has no such token; `field` is the option's name.
  absl::Status Check(const char* field) const;

  // One a unit, in their order; none may be left of the input when its only unit is deleted: that unit has no row.
  std::vector<engine::Row> Rows(const MethodInput& input, const engine::Prediction& base) const;
  size_t num_rows() const;

  // [T]: a unit's score shared equally by its tokens, 0 for special tokens. `rows` are those of Rows.
  std::vector<float> Scores(const MethodInput& input, const engine::Prediction& base,
                            std::span<const engine::RowResult> rows) const;

  // What kDefault became.
  Replacement replacement() const { return replacement_; }
  const std::vector<Unit>& units() const { return units_; }

 private:
  engine::Row Without(const Unit& unit, engine::Row row) const;

  Replacement replacement_;
  int32_t stand_in_ = -1;
  size_t num_tokens_;
  std::vector<Unit> units_;
};

}  // namespace limpid::explain
