#include "engine/kernels/cpu/product.h"

#include <algorithm>

#include "engine/kernels/cpu/parallel.h"
#include "engine/kernels/cpu/scratch.h"

namespace limpid::engine::cpu {
namespace {

// A panel this deep stays in the first cache (24 KiB of AVX2's, 48 KiB of AVX-512's); deeper products are added up.
constexpr int64_t kDepth = 384;
// So many rows share a panel; x's stay near while the panels pass.
constexpr int64_t kBlockRows = 480;

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Depth cut into equal parts, each a whole number of vectors.
int64_t DepthStep(int64_t inner) {
  const int64_t parts = CeilDiv(inner, kDepth);
  return CeilDiv(CeilDiv(inner, parts), 16) * 16;
}

void MultiplyBlock(const Kernels& kernels, const ProductCall& call, const Block& block) {
  thread_local Scratch scratch;
  float* panel = scratch.Floats(kDepth * kernels.panel_cols);
  const int64_t step = DepthStep(call.inner);
  float* y = call.y + block.row * call.cols + block.col;
  for (int64_t p = 0; p < call.inner; p += step) {
    const int64_t depth = std::min(step, call.inner - p);
    kernels.pack_panel(call.m.From(p, block.col), depth, block.cols, panel);
    const float* bias = call.bias == nullptr ? nullptr : call.bias + block.col;
    kernels.multiply_panel({.x = call.x.From(block.row, p),
                            .panel = panel,
                            .rows = block.rows,
                            .depth = depth,
                            .cols = block.cols,
                            .start = p > 0 ? y : bias,
                            .start_stride = p > 0 ? call.cols : 0,
                            .y = y,
                            .y_stride = call.cols});
  }
}

// So many rows are few. A guess: where panels become faster was not measured.
constexpr int64_t kFewRows = 8;
// Columns a task: enough memory in a row for the machine to read ahead, lines of the rows of M being cut there.
constexpr int64_t kColumnLines = 128, kRowLines = 384;

bool IsOfFewRows(const ProductCall& call) {
  const bool lies_in_lines = call.m.row_stride == 1 || call.m.col_stride == 1;
  return call.rows <= kFewRows && lies_in_lines && call.x.col_stride == 1 && call.x.row_stride == call.inner;
}

void MultiplyFewRows(const Kernels& kernels, const ProductCall& call, absl::FunctionRef<void(const Block&)> finish) {
  const int64_t cols = call.m.row_stride == 1 ? kColumnLines : kRowLines;
  ForItems(CeilDiv(call.cols, cols), [&](int64_t item) {
    const int64_t col = item * cols;
    const Block block = {0, call.rows, col, std::min(cols, call.cols - col)};
    kernels.multiply_few_rows({.x = call.x.data,
                               .m = call.m.From(0, col),
                               .bias = call.bias == nullptr ? nullptr : call.bias + col,
                               .rows = call.rows,
                               .depth = call.inner,
                               .cols = block.cols,
                               .y = call.y + col,
                               .y_stride = call.cols});
    finish(block);
  });
}

}  // namespace

void Multiply(const Kernels& kernels, const ProductCall& call, absl::FunctionRef<void(const Block&)> finish) {
  if (IsOfFewRows(call)) return MultiplyFewRows(kernels, call, finish);
  const int64_t panels = CeilDiv(call.cols, kernels.panel_cols);
  const int64_t row_blocks = CeilDiv(call.rows, kBlockRows);
  ForItems(row_blocks * panels, [&](int64_t item) {
    const int64_t row = item / panels * kBlockRows, col = item % panels * kernels.panel_cols;
    const Block block = {row, std::min(kBlockRows, call.rows - row), col,
                         std::min(kernels.panel_cols, call.cols - col)};
    MultiplyBlock(kernels, call, block);
    finish(block);
  });
}

}  // namespace limpid::engine::cpu
