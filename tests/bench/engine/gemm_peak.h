#pragma once

namespace limpid::bench {

// Operations a second of the machine's fp32 matrix product (LibTorch's) on so many threads: the best of a few
// sizes. Takes about a second.
double MeasureGemmPeak(int num_threads);

}  // namespace limpid::bench
