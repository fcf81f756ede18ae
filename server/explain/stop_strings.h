#pragma once

#include <string>
#include <vector>

namespace limpid::explain {

// Looks for strings at which a growing text ends. Text that may be the beginning of one is held back until it is known.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Adds to the text; returns what of it is now certain to come before any stop.
  std::string Append(const std::string& text);
  // What is still held back when the text ends otherwise.
  std::string Flush();

  bool has_stopped() const { return has_stopped_; }

 private:
  const std::vector<std::string> stops_;
  std::string held_;
  bool has_stopped_ = false;
};

}  // namespace limpid::explain
