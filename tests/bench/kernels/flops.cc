#include "bench/kernels/flops.h"

namespace limpid::bench {
namespace {

double ProductFlops(std::span<const int64_t> lengths, int64_t hidden) {
  double pairs = 0;
  for (const int64_t length : lengths) pairs += static_cast<double>(length) * static_cast<double>(length);
  return 2 * pairs * static_cast<double>(hidden);
}

}  // namespace

double LinearFlops(int64_t tokens, int64_t in, int64_t out) {
  return 2 * static_cast<double>(tokens) * static_cast<double>(in) * static_cast<double>(out);
}

double AttentionFlops(std::span<const int64_t> lengths, int64_t hidden) { return 2 * ProductFlops(lengths, hidden); }

double AttentionVjpFlops(std::span<const int64_t> lengths, int64_t hidden) { return 4 * ProductFlops(lengths, hidden); }

}  // namespace limpid::bench
