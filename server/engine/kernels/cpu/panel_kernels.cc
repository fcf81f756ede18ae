// Compiled once per instruction set, as vector_kernels.cc is. The tile of an outer-product matrix multiplication
// (Goto & van de Geijn 2008): as many sums as there are registers, each step one element of x times two vectors of M.
#include "engine/kernels/cpu/panel_kernels.h"

#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <array>
#include <utility>

namespace limpid::engine::cpu::LIMPID_ISA {
namespace {

using Vec = at::vec::Vectorized<float>;
constexpr int64_t kWidth = Vec::size();
static_assert(kPanelCols == 2 * kWidth);
// Two vectors of sums each, which leaves registers for two of M and one element of x: 16 registers, or 32 with AVX-512.
constexpr int kTileRows = kWidth == 16 ? 12 : 6;

// Rows [0, kRows) of a PanelCall, all columns of the panel.
template <int kRows>
void Tile(const MatrixView& x, const float* panel, int64_t depth, const float* start, int64_t start_stride, float* y,
          int64_t y_stride) {
  Vec sums[kRows][2];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) sums[i][0] = sums[i][1] = Vec(0);
  const float* column = x.data;
  for (int64_t p = 0; p < depth; ++p, panel += kPanelCols, column += x.col_stride) {
    const Vec left = Vec::loadu(panel), right = Vec::loadu(panel + kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec factor(column[i * x.row_stride]);
      sums[i][0] = at::vec::fmadd(factor, left, sums[i][0]);
      sums[i][1] = at::vec::fmadd(factor, right, sums[i][1]);
    }
  }
  if (start != nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      sums[i][0] = sums[i][0] + Vec::loadu(start + i * start_stride);
      sums[i][1] = sums[i][1] + Vec::loadu(start + i * start_stride + kWidth);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    sums[i][0].store(y + i * y_stride);
    sums[i][1].store(y + i * y_stride + kWidth);
  }
}

using TileFunction = decltype(&Tile<1>);

template <int... kRows>
constexpr std::array<TileFunction, sizeof...(kRows)> Tiles(std::integer_sequence<int, kRows...> /*counted*/) {
  return {&Tile<kRows + 1>...};
}
// Of 1 to kTileRows rows.
constexpr auto kTiles = Tiles(std::make_integer_sequence<int, kTileRows>());

// A panel that is wider than y: by way of a buffer that has its width.
void NarrowTile(const PanelCall& call, int64_t row, int64_t rows) {
  alignas(64) float sums[kTileRows * kPanelCols] = {};
  for (int64_t i = 0; i < rows && call.start != nullptr; ++i) {
    std::copy_n(call.start + (row + i) * call.start_stride, call.cols, sums + i * kPanelCols);
  }
  kTiles[static_cast<size_t>(rows - 1)](call.x.From(row, 0), call.panel, call.depth, sums, kPanelCols, sums,
                                        kPanelCols);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(sums + i * kPanelCols, call.cols, call.y + (row + i) * call.y_stride);
  }
}

void CopyRows(const MatrixView& m, int64_t depth, float* panel) {
  const float* row = m.data;
  for (int64_t p = 0; p < depth; ++p, row += m.row_stride, panel += kPanelCols) {
    Vec::loadu(row).store(panel);
    Vec::loadu(row + kWidth).store(panel + kWidth);
  }
}

// Returns how many rows it did: whole squares.
int64_t TransposeSquares(const MatrixView& m, int64_t depth, float* panel) {
  int64_t p = 0;
  for (; p + kWidth <= depth; p += kWidth) {
    for (const int64_t j : {int64_t{0}, kWidth}) {
      at::vec::transpose_mxn<float, kWidth, kWidth>(m.data + j * m.col_stride + p, m.col_stride,
                                                    panel + p * kPanelCols + j, kPanelCols);
    }
  }
  return p;
}

}  // namespace

void PackPanel(const MatrixView& m, int64_t depth, int64_t cols, float* panel) {
  int64_t done = 0;
  if (cols == kPanelCols && m.col_stride == 1) {
    CopyRows(m, depth, panel);
    done = depth;
  } else if (cols == kPanelCols && m.row_stride == 1) {
    done = TransposeSquares(m, depth, panel);
  }
  for (int64_t p = done; p < depth; ++p) {
    for (int64_t j = 0; j < kPanelCols; ++j) {
      panel[p * kPanelCols + j] = j < cols ? m.data[p * m.row_stride + j * m.col_stride] : 0;
    }
  }
}

void MultiplyPanel(const PanelCall& call) {
  for (int64_t i = 0; i < call.rows; i += kTileRows) {
    const int64_t rows = std::min<int64_t>(kTileRows, call.rows - i);
    if (call.cols < kPanelCols) {
      NarrowTile(call, i, rows);
      continue;
    }
    const float* start = call.start == nullptr ? nullptr : call.start + i * call.start_stride;
    kTiles[static_cast<size_t>(rows - 1)](call.x.From(i, 0), call.panel, call.depth, start, call.start_stride,
                                          call.y + i * call.y_stride, call.y_stride);
  }
}

}  // namespace limpid::engine::cpu::LIMPID_ISA
