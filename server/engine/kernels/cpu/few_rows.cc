// Compiled once per instruction set, as vector_kernels.cc is. A product of a few rows reads the right-hand side once
// and does nothing else that counts: it is taken as it lies, a few of its lines at a time, which stay in the first
// cache for all the rows.
#include "engine/kernels/cpu/few_rows.h"

#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>

namespace limpid::engine::cpu::LIMPID_ISA {
namespace {

using Vec = at::vec::Vectorized<float>;
constexpr int64_t kWidth = Vec::size();
constexpr int64_t kLines = 4;

float Sum(const Vec& v) {
  return at::vec::vec_reduce_all<float>([](Vec& a, Vec& b) { return a + b; }, v);
}

// Columns of M lie in lines: dot products, `kCount` at a time.
template <int kCount>
void Dots(const FewRowsCall& call, int64_t col) {
  const float* lines = call.m.data + col * call.m.col_stride;
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* x = call.x + r * call.depth;
    Vec sums[kCount];
    for (Vec& sum : sums) sum = Vec(0);
    int64_t p = 0;
    for (; p + kWidth <= call.depth; p += kWidth) {
      const Vec factor = Vec::loadu(x + p);
#pragma GCC unroll 4
      for (int j = 0; j < kCount; ++j) {
        sums[j] = at::vec::fmadd(factor, Vec::loadu(lines + j * call.m.col_stride + p), sums[j]);
      }
    }
    for (int j = 0; j < kCount; ++j) {
      float sum = Sum(sums[j]);
      for (int64_t q = p; q < call.depth; ++q) sum += x[q] * lines[j * call.m.col_stride + q];
      if (call.bias != nullptr) sum += call.bias[col + j];
      call.y[r * call.y_stride + col + j] = sum;
    }
  }
}

// Rows of M lie in lines: y += x_p M_p, `kCount` of them at a time.
template <int kCount>
void AddLines(const FewRowsCall& call, int64_t depth) {
  const float* lines = call.m.data + depth * call.m.row_stride;
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* x = call.x + r * call.depth + depth;
    float* y = call.y + r * call.y_stride;
    Vec factors[kCount];
    for (int p = 0; p < kCount; ++p) factors[p] = Vec(x[p]);
    int64_t j = 0;
    for (; j + kWidth <= call.cols; j += kWidth) {
      Vec sum = Vec::loadu(y + j);
#pragma GCC unroll 4
      for (int p = 0; p < kCount; ++p) {
        sum = at::vec::fmadd(factors[p], Vec::loadu(lines + p * call.m.row_stride + j), sum);
      }
      sum.store(y + j);
    }
    for (; j < call.cols; ++j) {
      for (int p = 0; p < kCount; ++p) y[j] += x[p] * lines[p * call.m.row_stride + j];
    }
  }
}

}  // namespace

void MultiplyFewRows(const FewRowsCall& call) {
  if (call.m.row_stride == 1) {
    int64_t col = 0;
    for (; col + kLines <= call.cols; col += kLines) Dots<kLines>(call, col);
    for (; col < call.cols; ++col) Dots<1>(call, col);
    return;
  }
  for (int64_t r = 0; r < call.rows; ++r) {
    float* y = call.y + r * call.y_stride;
    if (call.bias == nullptr) {
      std::fill_n(y, call.cols, 0.0f);
    } else {
      std::copy_n(call.bias, call.cols, y);
    }
  }
  int64_t depth = 0;
  for (; depth + kLines <= call.depth; depth += kLines) AddLines<kLines>(call, depth);
  for (; depth < call.depth; ++depth) AddLines<1>(call, depth);
}

}  // namespace limpid::engine::cpu::LIMPID_ISA
