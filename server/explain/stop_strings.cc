#include "explain/stop_strings.h"

#include <algorithm>
#include <utility>

namespace limpid::explain {

std::string StopStrings::Append(const std::string& text) {
  if (has_stopped_) return "";
  held_ += text;
  size_t end = std::string::npos;
  for (const std::string& stop : stops_) end = std::min(end, held_.find(stop));
  has_stopped_ = end != std::string::npos;
  if (!has_stopped_) {
    // Where the longest end of the text that begins a stop begins.
    size_t longest = 0;
    for (const std::string& stop : stops_) {
      for (size_t length = std::min(stop.size() - 1, held_.size()); length > longest; --length) {
        if (held_.compare(held_.size() - length, length, stop, 0, length) == 0) longest = length;
      }
    }
    end = held_.size() - longest;
  }
  std::string certain = held_.substr(0, end);
  held_ = has_stopped_ ? "" : held_.substr(end);
  return certain;
}

std::string StopStrings::Flush() { return std::exchange(held_, ""); }

}  // namespace limpid::explain
