#pragma once

#include <functional>

#include "absl/time/time.h"

namespace limpid::client {

// False as soon as `is_over`, which is asked every 50 ms.
bool SleepUntil(absl::Time time, const std::function<bool()>& is_over);

}  // namespace limpid::client
