#pragma once

namespace limpid::bench {

// Operations a second of the machine's fp32 matrix product (LibTorch's) on this thread's OpenMP team: the best of a few
// sizes. Takes about a second.
double MeasureGemmPeak();

}  // namespace limpid::bench
