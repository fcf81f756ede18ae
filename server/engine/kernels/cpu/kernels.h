#pragma once

#include <cstdint>

#include "engine/models/architecture.h"

// Vector loops of the tuned CPU path, one thread's share at a time. Plain pointers, fp32, row-major. The same source
// (vector_kernels.cc) is compiled once per instruction set and chosen at run time.
namespace limpid::engine::cpu {

struct Kernels {
  const char* isa;

  // Rows of `scores` [rows, cols], in place: softmax.
  void (*softmax)(float* scores, int64_t rows, int64_t cols);

  // grad_probs [rows, cols] is dF/dA on entry and dF/dscores * scale on return:
  // scale * A * (dA - rowsum(dA * A)).
  void (*softmax_vjp)(const float* probs, float* grad_probs, int64_t rows, int64_t cols, float scale);

  // out[i] = max(0, a[i] * b[i]).
  void (*positive_product)(const float* a, const float* b, float* out, int64_t count);

  // x [rows, cols] += bias [cols], then x = f(x) in place; f'(x + bias) goes to `derivative` unless it is null.
  void (*bias_activation)(Activation activation, const float* bias, float* x, float* derivative, int64_t rows,
                          int64_t cols);

  // x [rows, cols] += bias + residual (each may be null), then x = (x - mean) / sqrt(var + eps) in place, kept for the
  // vjp; output = x * weight + norm_bias, which may be x itself; rstd [rows], or null.
  void (*add_layer_norm)(const struct LayerNormCall& call, int64_t row_begin, int64_t row_end);

  // grad_input = rstd * (wg - mean(wg) - normalized * mean(wg * normalized)), wg = weight * (grad + grad_residual).
  void (*layer_norm_vjp)(const struct LayerNormVjpCall& call, int64_t row_begin, int64_t row_end);
};

struct LayerNormCall {
  float* x;
  const float* bias;      // [cols] or null
  const float* residual;  // [rows, cols] or null
  const float* weight;
  const float* norm_bias;
  float* output;
  float* rstd;  // or null
  int64_t cols;
  float eps;
};

struct LayerNormVjpCall {
  const float* grad;
  const float* grad_residual;  // or null
  const float* normalized;
  const float* rstd;
  const float* weight;
  float* grad_input;
  int64_t cols;
};

// The best kernels this machine can run; null on a machine without AVX2 and FMA, where the portable path serves.
const Kernels* BestKernels();

// One row per instruction set compiled in that this machine can run (tests go through all of them).
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();

}  // namespace limpid::engine::cpu
