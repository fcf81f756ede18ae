#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "methods/lib/changes.h"
#include "methods/lib/trials.h"

namespace limpid::methods {

// The smallest part of some changes that turns the decision as they do. Up to kMaxVerified changes every part is tried;
// of more, one is left out at a time until that many are left or none can be.
class MinimalPart {
 public:
  static constexpr size_t kMaxVerified = 6;

  explicit MinimalPart(Changes found) : found_(std::move(found)) {}

  // With nothing waiting in `trials`. True when it is done, else it has trials waiting.
  bool Advance(Trials* trials);

  const Changes& changes() const { return found_; }
  // Every proper part was tried, and none turns the decision.
  bool is_minimal() const { return is_minimal_; }

 private:
  Changes found_;
  bool is_minimal_ = false;
};

}  // namespace limpid::methods
