#include "engine/kernels/cpu/attention.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "engine/kernels/cpu/parallel.h"
#include "engine/kernels/cpu/scratch.h"

namespace limpid::engine::cpu {
namespace {

// One sequence and head.
struct Task {
  size_t sequence;
  int64_t begin, length, head;
};

// Longest first, so that the threads end together.
std::vector<Task> MakeTasks(const AttentionShape& shape) {
  std::vector<Task> tasks;
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t begin = shape.cu_seqlens[s];
    for (int64_t head = 0; head < shape.num_heads; ++head) {
      tasks.push_back({s, begin, shape.cu_seqlens[s + 1] - begin, head});
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.length > b.length; });
  return tasks;
}

// Where a task's matrices lie in the packed ones.
struct Layout {
  int64_t hidden, head_size;
  float scale;

  explicit Layout(const AttentionShape& shape, int64_t hidden_size)
      : hidden(hidden_size),
        head_size(hidden_size / shape.num_heads),
        scale(1 / std::sqrt(static_cast<float>(head_size))) {}

  // part: 0 query, 1 key, 2 value.
  int64_t Qkv(const Task& task, int64_t part) const {
    return task.begin * 3 * hidden + part * hidden + task.head * head_size;
  }
  int64_t Output(int64_t token, const Task& task) const { return token * hidden + task.head * head_size; }
  // [T, head_size]
  MatrixView Of(const float* qkv, const Task& task, int64_t part) const {
    return {qkv + Qkv(task, part), 3 * hidden, 1};
  }
};

float* HeadOf(const at::Tensor& per_head, const Task& task) {
  return per_head.data_ptr<float>() + task.head * task.length * task.length;
}

// The right-hand side of products [depth, cols] of one task, as panels; kept by the thread until the next task.
class Packed {
 public:
  void Pack(const Kernels& kernels, const MatrixView& m, int64_t depth, int64_t cols) {
    depth_ = depth;
    cols_ = cols;
    const int64_t width = kernels.panel_cols;
    data_ = scratch_.Floats((cols + width - 1) / width * width * depth);
    for (int64_t j = 0; j < cols; j += width) {
      kernels.pack_panel(m.From(0, j), depth, std::min(width, cols - j), data_ + j * depth);
    }
  }

  // y [rows, cols] = x [rows, depth] M, or y += x M.
  void Multiply(const Kernels& kernels, const MatrixView& x, int64_t rows, float* y, int64_t y_stride,
                bool is_added = false) const {
    for (int64_t j = 0; j < cols_; j += kernels.panel_cols) {
      kernels.multiply_panel({.x = x,
                              .panel = data_ + j * depth_,
                              .rows = rows,
                              .depth = depth_,
                              .cols = std::min(kernels.panel_cols, cols_ - j),
                              .start = is_added ? y + j : nullptr,
                              .start_stride = y_stride,
                              .y = y + j,
                              .y_stride = y_stride});
    }
  }

 private:
  Scratch scratch_;
  float* data_ = nullptr;
  int64_t depth_ = 0, cols_ = 0;
};

// What a thread keeps from task to task.
struct Workspace {
  Packed keys, values, block;
  Packed keys_transposed, values_transposed;
  Scratch probs, grad;

  static Workspace& OfThread() {
    thread_local Workspace workspace;
    return workspace;
  }
};

// softmax(Q K^T * scale) of `queries` [rows, head_size], into `probs` [rows, length].
void Probabilities(const Kernels& kernels, const Layout& layout, const Packed& keys_transposed,
                   const MatrixView& queries, int64_t rows, int64_t length, float* probs) {
  keys_transposed.Multiply(kernels, queries, rows, probs, length);
  kernels.softmax(probs, rows, length, layout.scale);
}

}  // namespace

at::Tensor AttentionForward(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                            std::span<const uint8_t> keeps_probs, std::vector<at::Tensor>* probs) {
  const Layout layout(shape, qkv.size(1) / 3);
  const bool first_only = shape.first_query_only;
  at::Tensor output = at::empty({first_only ? shape.num_sequences() : qkv.size(0), layout.hidden}, qkv.options());
  probs->clear();
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t length = shape.cu_seqlens[s + 1] - shape.cu_seqlens[s];
    const bool is_kept = !first_only && (keeps_probs.empty() || keeps_probs[s] != 0);
    probs->push_back(is_kept ? at::empty({shape.num_heads, length, length}, qkv.options()) : at::Tensor());
  }
  const std::vector<Task> tasks = MakeTasks(shape);
  const float* in = qkv.const_data_ptr<float>();
  float* out = output.data_ptr<float>();
  ForItems(static_cast<int64_t>(tasks.size()), [&](int64_t item) {
    const Task& task = tasks[static_cast<size_t>(item)];
    const int64_t length = task.length, width = layout.head_size;
    Workspace& work = Workspace::OfThread();
    work.keys_transposed.Pack(kernels, layout.Of(in, task, 1).Transposed(), width, length);
    work.values.Pack(kernels, layout.Of(in, task, 2), length, width);
    const at::Tensor& kept = (*probs)[task.sequence];
    const int64_t to = first_only ? static_cast<int64_t>(task.sequence) : task.begin;
    const int64_t queries = first_only ? 1 : length;
    for (int64_t query = 0; query < queries; query += kQueryBlock) {
      const int64_t rows = std::min(kQueryBlock, queries - query);
      float* a = kept.defined() ? HeadOf(kept, task) + query * length : work.probs.Floats(kQueryBlock * length);
      Probabilities(kernels, layout, work.keys_transposed, layout.Of(in, task, 0).From(query, 0), rows, length, a);
      work.values.Multiply(kernels, {a, length, 1}, rows, out + layout.Output(to + query, task), layout.hidden);
    }
  });
  return output;
}

at::Tensor AttentionVjp(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                        std::span<const at::Tensor> probs, const at::Tensor& grad_output, const AttentionTaps& taps) {
  const Layout layout(shape, grad_output.size(1));
  at::Tensor grad_qkv = at::empty({grad_output.size(0), 3 * layout.hidden}, qkv.options());
  std::vector<at::Tensor> relevance(probs.size());
  for (size_t s = 0; s < probs.size() && !taps.gradient_attention.empty(); ++s) {
    if (!taps.gradient_attention[s].defined()) continue;
    const int64_t length = shape.cu_seqlens[s + 1] - shape.cu_seqlens[s];
    relevance[s] = at::empty({shape.num_heads, length, length}, qkv.options());
  }
  const std::vector<Task> tasks = MakeTasks(shape);
  const float* in = qkv.const_data_ptr<float>();
  const float* grad_o = grad_output.const_data_ptr<float>();
  float* out = grad_qkv.data_ptr<float>();
  ForItems(static_cast<int64_t>(tasks.size()), [&](int64_t item) {
    const Task& task = tasks[static_cast<size_t>(item)];
    const int64_t length = task.length, width = layout.head_size, stride = 3 * layout.hidden;
    const MatrixView query = layout.Of(in, task, 0), key = layout.Of(in, task, 1), value = layout.Of(in, task, 2);
    const MatrixView dO = {grad_o + layout.Output(task.begin, task), layout.hidden, 1};
    const at::Tensor& kept = probs[task.sequence];
    Workspace& work = Workspace::OfThread();
    work.values_transposed.Pack(kernels, value.Transposed(), width, length);
    work.keys.Pack(kernels, key, length, width);
    if (!kept.defined()) work.keys_transposed.Pack(kernels, key.Transposed(), width, length);
    for (int64_t q = 0; q < length; q += kQueryBlock) {
      const int64_t rows = std::min(kQueryBlock, length - q);
      float* a = kept.defined() ? HeadOf(kept, task) + q * length : work.probs.Floats(kQueryBlock * length);
      if (!kept.defined()) {
        Probabilities(kernels, layout, work.keys_transposed, query.From(q, 0), rows, length, a);
      }
      // dA = dO V^T
      float* grad = work.grad.Floats(kQueryBlock * length);
      work.values_transposed.Multiply(kernels, dO.From(q, 0), rows, grad, length);
      if (relevance[task.sequence].defined()) {
        kernels.positive_product(a, grad, HeadOf(relevance[task.sequence], task) + q * length, rows * length);
      }
      // dV += A^T dO
      work.block.Pack(kernels, dO.From(q, 0), rows, width);
      const MatrixView probs_of_block = {a, length, 1}, grad_of_block = {grad, length, 1};
      work.block.Multiply(kernels, probs_of_block.Transposed(), length, out + layout.Qkv(task, 2), stride, q > 0);
      // dS, in its place; dQ = dS K, dK += dS^T Q
      kernels.softmax_vjp(a, grad, rows, length, layout.scale);
      work.keys.Multiply(kernels, grad_of_block, rows, out + layout.Qkv(task, 0) + q * stride, stride);
      work.block.Pack(kernels, query.From(q, 0), rows, width);
      work.block.Multiply(kernels, grad_of_block.Transposed(), length, out + layout.Qkv(task, 1), stride, q > 0);
    }
  });
  for (size_t s = 0; s < relevance.size(); ++s) {
    if (relevance[s].defined()) taps.gradient_attention[s].copy_(relevance[s].mean(0));
  }
  return grad_qkv;
}

}  // namespace limpid::engine::cpu
