#pragma once

#include <cstdint>

#include "engine/models/architecture.h"

// Vector loops of the tuned CPU path, one thread's share at a time. Plain pointers, fp32, row-major. The same source
// (vector_kernels.cc) is compiled once per instruction set and chosen at run time.
namespace limpid::engine::cpu {

// A matrix within another, or its transpose: element (i, j) is data[i * row_stride + j * col_stride].
struct MatrixView {
  const float* data;
  int64_t row_stride, col_stride;

  MatrixView From(int64_t row, int64_t col) const {
    return {data + row * row_stride + col * col_stride, row_stride, col_stride};
  }
  MatrixView Transposed() const { return {data, col_stride, row_stride}; }
};

// y = start + x M, M the `depth` rows and the first `cols` columns of a panel.
struct PanelCall {
  MatrixView x;  // [rows, depth]
  const float* panel;
  int64_t rows, depth, cols;
  const float* start;    // [rows, cols] or null: nothing; may be y
  int64_t start_stride;  // between rows; 0: the same for all
  float* y;              // [rows, cols]
  int64_t y_stride;
};

// y = x M + bias for a few rows of x, M with one stride of 1. What a row gives depends on no other row.
struct FewRowsCall {
  const float* x;     // [rows, depth], contiguous
  MatrixView m;       // [depth, cols]
  const float* bias;  // [cols] or null
  int64_t rows, depth, cols;
  float* y;  // [rows, cols]
  int64_t y_stride;
};

struct Kernels {
  const char* isa;

  // Columns of a panel: the right-hand side of a matrix product is read in panels [depth, panel_cols], row by row.
  int64_t panel_cols;

  // panel = the first `depth` rows and `cols` columns of m, zeros in the columns beyond. Fast where one stride is 1.
  void (*pack_panel)(const MatrixView& m, int64_t depth, int64_t cols, float* panel);
  void (*multiply_panel)(const PanelCall& call);
  void (*multiply_few_rows)(const FewRowsCall& call);

  // Rows of `scores` [rows, cols], in place: softmax of scale * scores, scale > 0.
  void (*softmax)(float* scores, int64_t rows, int64_t cols, float scale);

  // grad_probs [rows, cols] is dF/dA on entry and dF/dscores * scale on return:
  // scale * A * (dA - rowsum(dA * A)).
  void (*softmax_vjp)(const float* probs, float* grad_probs, int64_t rows, int64_t cols, float scale);

  // out[i] = max(0, a[i] * b[i]).
  void (*positive_product)(const float* a, const float* b, float* out, int64_t count);

  // x [rows, cols] = f(x) in place; f'(x) goes to `derivative` unless that is null. `stride` lies between rows of both.
  void (*activate)(Activation activation, float* x, float* derivative, int64_t rows, int64_t cols, int64_t stride);

  // x [rows, cols] *= factor, `stride` between rows of both.
  void (*scale_by)(const float* factor, float* x, int64_t rows, int64_t cols, int64_t stride);

  // s = x [rows, cols] + residual; normalized = (s - mean) / sqrt(var + eps), or s / sqrt(mean(s^2) + eps) where it is
  // not centred; output = normalized * weight + norm_bias. x, normalized and output may be one.
  void (*add_norm)(const struct NormCall& call, int64_t row_begin, int64_t row_end);

  // grad_input = rstd * (wg - mean(wg) - normalized * mean(wg * normalized)) + grad_sum, wg = weight * (grad +
  // grad_residual); without mean(wg) where it is not centred.
  void (*norm_vjp)(const struct NormVjpCall& call, int64_t row_begin, int64_t row_end);
};

struct NormCall {
  const float* x;
  const float* residual;  // [rows, cols] or null
  float* sum;             // receives s, or null
  float* normalized;
  const float* weight;
  const float* norm_bias;  // or null
  float* output;
  float* rstd;  // [rows] or null
  int64_t cols;
  float eps;
  bool is_centred;
};

struct NormVjpCall {
  const float* grad;
  const float* grad_residual;  // or null
  const float* grad_sum;       // or null
  const float* normalized;
  const float* rstd;
  const float* weight;
  float* grad_input;
  int64_t cols;
  bool is_centred;
};

// The best kernels this machine can run; null on a machine without AVX2 and FMA, where the portable path serves.
const Kernels* BestKernels();

// One row per instruction set compiled in that this machine can run (tests go through all of them).
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();

}  // namespace limpid::engine::cpu
