#include "lib/load/stage_result.h"

#include <cmath>

namespace limpid::client {

uint64_t CallCounts::num_failed() const {
  uint64_t count = 0;
  for (const auto& [code, latencies] : failed) count += latencies.count();
  return count;
}

absl::Duration CallCounts::QuantileOfAll(double fraction) const {
  const auto rank = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(num_calls())));
  return rank > answered.count() ? absl::InfiniteDuration() : answered.AtRank(rank);
}

double StageResult::answers_per_second() const {
  const double seconds = absl::ToDoubleSeconds(wall_time);
  return seconds > 0 ? static_cast<double>(all.answered.count()) / seconds : 0;
}

}  // namespace limpid::client
