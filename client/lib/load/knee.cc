#include "lib/load/knee.h"

namespace limpid::client {

double FindKnee(double start, const std::function<bool(double rate)>& holds) {
  constexpr double kMostDown = 64, kMostUp = 4096;
  double low = 0, high = start;  // low holds, high does not
  if (holds(start)) {
    low = start;
    for (high = 2 * low; high <= kMostUp * start && holds(high); high = 2 * low) low = high;
    if (high > kMostUp * start) return low;
  } else {
    for (double rate = start / 2; low == 0 && rate >= start / kMostDown; rate /= 2) (holds(rate) ? low : high) = rate;
    if (low == 0) return 0;
  }
  while (high > (1 + kKneePrecision) * low) {
    const double middle = (low + high) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace limpid::client
