#pragma once

#include <cstddef>
#include <optional>

namespace limpid::schedule {

// Interactive rows go first; bulk rows fill what they leave, and always keep a small share.
enum class Priority { kInteractive, kBulk };

// What one client may take; 0: no limit of its own.
struct ClientLimits {
  size_t max_concurrent_requests = 0;
  double tokens_per_second = 0;
  std::optional<Priority> priority;  // instead of what its requests ask for
};

}  // namespace limpid::schedule
