#include "lifecycle/watchdog.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace limpid::lifecycle {

using telemetry::LogLevel;

Watchdog::Watchdog(Parts parts, absl::Duration limit)
    : parts_(std::move(parts)),
      limit_(limit),
      periodic_(parts_.timer, std::min(absl::Seconds(1), limit / 4), [this] { Look(); }) {}

void Watchdog::Look() {
  const Device device = parts_.look();
  const absl::Duration age = absl::Now() - device.batch_started;
  const bool is_alive = !device.is_lost && age <= limit_;
  if (std::exchange(is_alive_, is_alive) == is_alive) return;
  if (is_alive) {
    parts_.log->Write(LogLevel::kInfo, "the device answers again");
  } else if (device.is_lost) {
    parts_.log->Write(LogLevel::kError, "the device is lost");
  } else {
    parts_.log->Write(LogLevel::kError, "the device hangs", {{"batch_seconds", absl::ToDoubleSeconds(age)}});
  }
  parts_.on_change(is_alive);
}

}  // namespace limpid::lifecycle
