#pragma once

#include <functional>

namespace limpid::client {

// The highest rate that holds, to `kKneePrecision` of itself: from `start` doubled while it holds, or halved until it
// does, then the interval halved. `holds` tries a rate, and is taken to be true up to the knee and false above. 0 if
// even start / 64 does not hold; start * 4096 is the most.
inline constexpr double kKneePrecision = 0.05;
double FindKnee(double start, const std::function<bool(double rate)>& holds);

}  // namespace limpid::client
