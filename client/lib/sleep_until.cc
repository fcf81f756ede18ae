#include "lib/sleep_until.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace limpid::client {

bool SleepUntil(absl::Time time, const std::function<bool()>& is_over) {
  constexpr absl::Duration kLook = absl::Milliseconds(50);
  while (!is_over()) {
    const absl::Duration left = time - absl::Now();
    absl::SleepFor(std::min(left, kLook));
    if (left <= kLook) return true;
  }
  return false;
}

}  // namespace limpid::client
