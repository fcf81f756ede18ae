#include "engine/kernels/cpu/attention.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "engine/kernels/cpu/parallel.h"
#include "engine/kernels/cpu/scratch.h"

namespace limpid::engine::cpu {
namespace {

// One sequence, and the heads that share a head of keys and values.
struct Task {
  size_t sequence;
  int64_t begin, length, kv_head;
};

// Longest first, so that the threads end together.
std::vector<Task> MakeTasks(const AttentionShape& shape) {
  std::vector<Task> tasks;
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t begin = shape.cu_seqlens[s];
    for (int64_t head = 0; head < shape.num_key_value_heads; ++head) {
      tasks.push_back({s, begin, shape.cu_seqlens[s + 1] - begin, head});
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.length > b.length; });
  return tasks;
}

// Where a task's matrices lie in the packed ones.
struct Layout {
  int64_t heads, kv_heads, group, head_size, stride;
  float scale;

  Layout(const AttentionShape& shape, const at::Tensor& qkv)
      : heads(shape.num_heads),
        kv_heads(shape.num_key_value_heads),
        group(heads / kv_heads),
        head_size(shape.head_size(qkv)),
        stride(qkv.size(1)),
        scale(static_cast<float>(shape.ScaleOf(qkv))) {}

  int64_t hidden() const { return heads * head_size; }
  int64_t Query(const Task& task, int64_t head) const { return task.begin * stride + head * head_size; }
  int64_t Key(const Task& task) const { return Query(task, heads + task.kv_head); }
  int64_t Value(const Task& task) const { return Query(task, heads + kv_heads + task.kv_head); }
  int64_t Output(int64_t token, int64_t head) const { return token * hidden() + head * head_size; }
};

// Keys and values that a task's queries see, [length, head_size].
struct KeyValues {
  MatrixView key, value;
  int64_t length;
};

// The mask of one sequence, which has so many keys.
struct SequenceMask {
  const AttentionMask& mask;
  int64_t length;
  std::span<const int64_t> positions;

  AttentionMask::Range Keys(int64_t query) const { return mask.Keys(query, length, positions); }
};

KeyValues KeyValuesOf(const AttentionShape& shape, const Layout& layout, const Task& task, const float* qkv) {
  const at::Tensor* so_far = shape.KeyValues(task.sequence);
  if (so_far == nullptr) {
    return {{qkv + layout.Key(task), layout.stride, 1}, {qkv + layout.Value(task), layout.stride, 1}, task.length};
  }
  const float* key = so_far->const_data_ptr<float>() + task.kv_head * layout.head_size;
  const int64_t stride = so_far->stride(0);
  return {{key, stride, 1}, {key + layout.kv_heads * layout.head_size, stride, 1}, so_far->size(0)};
}

float* HeadOf(const at::Tensor& per_head, int64_t head) {
  return per_head.data_ptr<float>() + head * per_head.size(1) * per_head.size(2);
}

// The right-hand side of products [depth, cols] of one task, as panels; kept by the thread until the next task.
class Packed {
 public:
  void Pack(const Kernels& kernels, const MatrixView& m, int64_t depth, int64_t cols) {
    depth_ = depth;
    const int64_t width = kernels.panel_cols;
    data_ = scratch_.Floats((cols + width - 1) / width * width * depth);
    for (int64_t j = 0; j < cols; j += width) {
      kernels.pack_panel(m.From(0, j), depth, std::min(width, cols - j), data_ + j * depth);
    }
  }

  // y [rows, cols] = x [rows, depth] M, or y += x M, of the leading `depth` rows and `cols` columns of M.
  void Multiply(const Kernels& kernels, const MatrixView& x, int64_t rows, int64_t depth, int64_t cols, float* y,
                int64_t y_stride, bool is_added = false) const {
    for (int64_t j = 0; j < cols; j += kernels.panel_cols) {
      kernels.multiply_panel({.x = x,
                              .panel = data_ + j * depth_,
                              .rows = rows,
                              .depth = depth,
                              .cols = std::min(kernels.panel_cols, cols - j),
                              .start = is_added ? y + j : nullptr,
                              .start_stride = y_stride,
                              .y = y + j,
                              .y_stride = y_stride});
    }
  }

 private:
  Scratch scratch_;
  float* data_ = nullptr;
  int64_t depth_ = 0;
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

// Softmax of each row of `scores` [rows, keys] over the keys that its query sees, 0 elsewhere; the first row is the
// sequence's token `first`.
void MaskedSoftmax(const Kernels& kernels, const SequenceMask& mask, int64_t first, int64_t rows, float scale,
                   float* scores) {
  if (!mask.mask.hides_any()) return kernels.softmax(scores, rows, mask.length, scale);
  for (int64_t r = 0; r < rows; ++r, scores += mask.length) {
    const AttentionMask::Range seen = mask.Keys(first + r);
    kernels.softmax(scores + seen.begin, 1, seen.end - seen.begin, scale);
    std::fill(scores, scores + seen.begin, 0.0f);
    std::fill(scores + seen.end, scores + mask.length, 0.0f);
  }
}

// A block of queries of one head, and the keys that any of them sees: the leading `keys`.
struct QueryBlock {
  int64_t query, rows, keys;
};

QueryBlock BlockAt(const SequenceMask& mask, int64_t query, int64_t queries, int64_t before) {
  const int64_t rows = std::min(kQueryBlock, queries - query);
  return {query, rows, mask.Keys(before + query + rows - 1).end};
}

// One query of one head: nothing is laid out anew for it.
void AttendAlone(const Kernels& kernels, const KeyValues& seen, const float* query, int64_t head_size, float scale,
                 float* probs, float* output) {
  kernels.multiply_few_rows({.x = query,
                             .m = seen.key.Transposed(),
                             .bias = nullptr,
                             .rows = 1,
                             .depth = head_size,
                             .cols = seen.length,
                             .y = probs,
                             .y_stride = seen.length});
  kernels.softmax(probs, 1, seen.length, scale);
  kernels.multiply_few_rows({.x = probs,
                             .m = seen.value,
                             .bias = nullptr,
                             .rows = 1,
                             .depth = seen.length,
                             .cols = head_size,
                             .y = output,
                             .y_stride = head_size});
}

// The keys that one token sees, without those hidden from it.
KeyValues Seen(const SequenceMask& mask, int64_t query, const KeyValues& all) {
  const AttentionMask::Range range = mask.Keys(query);
  return {all.key.From(range.begin, 0), all.value.From(range.begin, 0), range.end - range.begin};
}

}  // namespace

at::Tensor AttentionForward(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                            std::span<const uint8_t> keeps_probs, std::vector<at::Tensor>* probs) {
  const Layout layout(shape, qkv);
  const bool is_single = !shape.only_queries.empty();
  at::Tensor output = at::empty({is_single ? shape.num_sequences() : qkv.size(0), layout.hidden()}, qkv.options());
  probs->clear();
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t length = shape.cu_seqlens[s + 1] - shape.cu_seqlens[s];
    const int64_t keys = shape.KeyValues(s) == nullptr ? length : shape.KeyValues(s)->size(0);
    const bool is_kept = !is_single && (keeps_probs.empty() || keeps_probs[s] != 0);
    probs->push_back(is_kept ? at::empty({shape.num_heads, length, keys}, qkv.options()) : at::Tensor());
  }
  const std::vector<Task> tasks = MakeTasks(shape);
  const float* in = qkv.const_data_ptr<float>();
  float* out = output.data_ptr<float>();
  ForItems(static_cast<int64_t>(tasks.size()), [&](int64_t item) {
    const Task& task = tasks[static_cast<size_t>(item)];
    const KeyValues seen = KeyValuesOf(shape, layout, task, in);
    const SequenceMask mask = {shape.mask, seen.length, shape.PositionsOf(task.sequence)};
    const int64_t width = layout.head_size, before = seen.length - task.length;
    const at::Tensor& kept = (*probs)[task.sequence];
    Workspace& work = Workspace::OfThread();
    if ((is_single || task.length == 1) && !kept.defined()) {
      const int64_t query = is_single ? shape.only_queries[task.sequence] : 0;
      const int64_t to = is_single ? static_cast<int64_t>(task.sequence) : task.begin;
      const KeyValues own = Seen(mask, before + query, seen);
      for (int64_t head = task.kv_head * layout.group; head < (task.kv_head + 1) * layout.group; ++head) {
        AttendAlone(kernels, own, in + layout.Query(task, head) + query * layout.stride, width, layout.scale,
                    work.probs.Floats(own.length), out + layout.Output(to, head));
      }
      return;
    }
    work.keys_transposed.Pack(kernels, seen.key.Transposed(), width, seen.length);
    work.values.Pack(kernels, seen.value, seen.length, width);
    for (int64_t head = task.kv_head * layout.group; head < (task.kv_head + 1) * layout.group; ++head) {
      const MatrixView queries = {in + layout.Query(task, head), layout.stride, 1};
      for (int64_t query = 0; query < task.length; query += kQueryBlock) {
        const QueryBlock block = BlockAt(mask, query, task.length, before);
        float* a =
            kept.defined() ? HeadOf(kept, head) + query * seen.length : work.probs.Floats(kQueryBlock * seen.length);
        work.keys_transposed.Multiply(kernels, queries.From(query, 0), block.rows, width, block.keys, a, seen.length);
        MaskedSoftmax(kernels, mask, before + query, block.rows, layout.scale, a);
        work.values.Multiply(kernels, {a, seen.length, 1}, block.rows, block.keys, width,
                             out + layout.Output(task.begin + query, head), layout.hidden());
      }
    }
  });
  return output;
}

at::Tensor AttentionVjp(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                        std::span<const at::Tensor> probs, const at::Tensor& grad_output, const AttentionTaps& taps) {
  const Layout layout(shape, qkv);
  at::Tensor grad_qkv = at::empty({grad_output.size(0), layout.stride}, qkv.options());
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
  // One head's part; what its group has in common is added up.
  const auto head_vjp = [&](const Task& task, int64_t head, Workspace& work) {
    const int64_t length = task.length, width = layout.head_size, stride = layout.stride;
    const MatrixView query = {in + layout.Query(task, head), stride, 1};
    const MatrixView dO = {grad_o + layout.Output(task.begin, head), layout.hidden(), 1};
    const at::Tensor& kept = probs[task.sequence];
    const SequenceMask mask = {shape.mask, length, shape.PositionsOf(task.sequence)};
    // The last block sees all keys: where nothing is to be added to, it comes first.
    const int64_t last = (length - 1) / kQueryBlock * kQueryBlock;
    for (int64_t q = last; q >= 0; q -= kQueryBlock) {
      const auto [_, rows, keys] = BlockAt(mask, q, length, 0);
      const bool is_added = q < last || head % layout.group > 0;
      float* a = kept.defined() ? HeadOf(kept, head) + q * length : work.probs.Floats(kQueryBlock * length);
      if (!kept.defined()) {
        work.keys_transposed.Multiply(kernels, query.From(q, 0), rows, width, keys, a, length);
        MaskedSoftmax(kernels, mask, q, rows, layout.scale, a);
      }
      // dA = dO V^T
      float* grad = work.grad.Floats(kQueryBlock * length);
      work.values_transposed.Multiply(kernels, dO.From(q, 0), rows, width, keys, grad, length);
      for (int64_t r = 0; r < rows && keys < length; ++r) {
        std::fill(grad + r * length + keys, grad + (r + 1) * length, 0.0f);
      }
      if (relevance[task.sequence].defined()) {
        kernels.positive_product(a, grad, HeadOf(relevance[task.sequence], head) + q * length, rows * length);
      }
      // dV += A^T dO
      work.block.Pack(kernels, dO.From(q, 0), rows, width);
      const MatrixView probs_of_block = {a, length, 1}, grad_of_block = {grad, length, 1};
      work.block.Multiply(kernels, probs_of_block.Transposed(), keys, rows, width, out + layout.Value(task), stride,
                          is_added);
      // dS, in its place; dQ = dS K, dK += dS^T Q
      kernels.softmax_vjp(a, grad, rows, length, layout.scale);
      work.keys.Multiply(kernels, grad_of_block, rows, keys, width, out + layout.Query(task, head) + q * stride,
                         stride);
      work.block.Pack(kernels, query.From(q, 0), rows, width);
      work.block.Multiply(kernels, grad_of_block.Transposed(), keys, rows, width, out + layout.Key(task), stride,
                          is_added);
    }
  };
  ForItems(static_cast<int64_t>(tasks.size()), [&](int64_t item) {
    const Task& task = tasks[static_cast<size_t>(item)];
    const KeyValues seen = KeyValuesOf(shape, layout, task, in);
    Workspace& work = Workspace::OfThread();
    work.values_transposed.Pack(kernels, seen.value.Transposed(), layout.head_size, task.length);
    work.keys.Pack(kernels, seen.key, task.length, layout.head_size);
    if (!probs[task.sequence].defined()) {
      work.keys_transposed.Pack(kernels, seen.key.Transposed(), layout.head_size, task.length);
    }
    for (int64_t head = task.kv_head * layout.group; head < (task.kv_head + 1) * layout.group; ++head) {
      head_vjp(task, head, work);
    }
  });
  for (size_t s = 0; s < relevance.size(); ++s) {
    if (relevance[s].defined()) taps.gradient_attention[s].copy_(relevance[s].mean(0));
  }
  return grad_qkv;
}

}  // namespace limpid::engine::cpu
