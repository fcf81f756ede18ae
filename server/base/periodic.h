#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "base/timer.h"

namespace limpid::base {

// Runs a quick task on the timer's thread, first after one interval and then again and again until destroyed. The
// destructor waits for a run that has begun, so the task may use what outlives this object; it must not destroy it. The
// timer outlives it.
class Periodic {
 public:
  Periodic(Timer* timer, absl::Duration interval, std::function<void()> task);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace limpid::base
