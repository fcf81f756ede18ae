#pragma once

#include <functional>

#include "absl/time/time.h"
#include "base/periodic.h"
#include "base/timer.h"
#include "telemetry/log.h"

namespace limpid::lifecycle {

// Looks after the compute thread: one whose batch runs longer than any batch can, or whose device is lost, will not
// come back by itself, and only a restart helps. Looks once a second, or four times within the limit.
class Watchdog {
 public:
  struct Device {
    absl::Time batch_started = absl::InfiniteFuture();  // of the batch that runs; infinite: none does
    bool is_lost = false;
  };
  // All of it outlives the watchdog.
  struct Parts {
    std::function<Device()> look;  // takes no lock that the compute thread holds
    base::Timer* timer = nullptr;
    telemetry::Log* log = nullptr;
    // Whether the device is alive, when that changes; alive at first. From the timer's thread, must be quick.
    std::function<void(bool)> on_change;
  };

  Watchdog(Parts parts, absl::Duration limit);

 private:
  void Look();

  const Parts parts_;
  const absl::Duration limit_;
  bool is_alive_ = true;  // the timer's
  const base::Periodic periodic_;
};

}  // namespace limpid::lifecycle
