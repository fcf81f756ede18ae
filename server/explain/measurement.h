#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"

namespace limpid::explain {

// A fold's outcome: more rows to run, or none when the values are there.
struct MeasureStep {
  std::vector<engine::Row> more_rows = {};
  std::vector<QualityValue> values = {};
  Replacement replacement = Replacement::kDefault;  // the default resolved
};

// How far one method's scores can be trusted: asks for rows as a method does. One object per request and method; called
// from one thread at a time: Check, then Fold until it asks for no more rows.
class Measurement {
 public:
  virtual ~Measurement() = default;

  // INVALID_ARGUMENT naming the option.
  virtual absl::Status Check(const MethodInput&) const { return absl::OkStatus(); }

  virtual std::vector<Forecast> Expect(const MethodInput&) const { return {}; }

  // `scores` are the method's final ones; rows as in Method::Fold. Not called for methods without token scores.
  virtual absl::StatusOr<MeasureStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                           const TokenScores& scores, std::span<const engine::RowResult> rows) = 0;
};

}  // namespace limpid::explain
