#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/load/stage_result.h"

namespace limpid::client {

// A condition that a load has to meet (service level objective), as a person writes it:
//   p99<250ms    a quantile of all calls' latency; "p50", "p99.9", ...; calls that failed count as never answered
//   max<2s       of the calls that were answered
//   errors<1%    the share of calls that failed
//   rate>100     answers a second
// "<=" and ">=" are there, too.
struct Slo {
  enum class Measure { kQuantile, kMax, kErrors, kRate };

  std::string text;
  Measure measure = Measure::kQuantile;
  double fraction = 0;  // of kQuantile
  bool is_upper = true;
  bool may_equal = false;
  double bound = 0;  // in milliseconds, percent, or answers a second
};

// INVALID_ARGUMENT says what is possible instead.
absl::StatusOr<Slo> ParseSlo(const std::string& text);

struct SloOutcome {
  std::string text;
  double measured = 0;  // in the bound's unit; infinity where the quantile is a call that failed
  bool holds = false;
};

// Without a single call nothing holds.
SloOutcome CheckSlo(const Slo& slo, const StageResult& result);
std::vector<SloOutcome> CheckSlos(const std::vector<Slo>& slos, const StageResult& result);
bool AllHold(const std::vector<SloOutcome>& outcomes);

}  // namespace limpid::client
