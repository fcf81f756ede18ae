#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/models/architecture.h"

// The engine's operations (engine/ops) on random inputs, ready to run again and again.
namespace limpid::bench {

struct OpCase {
  std::function<void()> run;
  double flops = 0;  // useful operations of the matrix products; 0 without any
  double bytes = 0;  // that have to be read and written at least, in fp32; for operations without products
};

// LibTorch's own fp32 product of two square matrices, what kernels are held against; and sizes whose best is the peak.
inline constexpr int64_t kGemmSizes[] = {512, 1024, 2048};
OpCase GemmCase(int64_t size);

// y = x W^T + b, and dF/dx.
OpCase LinearCase(int64_t tokens, int64_t in, int64_t out);
OpCase LinearVjpCase(int64_t tokens, int64_t in, int64_t out);

// All probabilities are kept.
OpCase AttentionCase(const std::vector<int64_t>& lengths, int64_t hidden, int64_t heads);
OpCase AttentionVjpCase(const std::vector<int64_t>& lengths, int64_t hidden, int64_t heads);

// The derivative is kept. In a pass this follows a product, block by block.
OpCase ActivationCase(engine::Activation activation, int64_t tokens, int64_t width);

// With the residual; what the vjp needs is kept.
OpCase NormCase(int64_t tokens, int64_t hidden);
OpCase NormVjpCase(int64_t tokens, int64_t hidden);

}  // namespace limpid::bench
