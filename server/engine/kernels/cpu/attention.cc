#include "engine/kernels/cpu/attention.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "engine/kernels/cpu/parallel.h"

// The BLAS inside LibTorch (MKL on x86); inside a parallel region it runs on the calling thread alone.
extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace limpid::engine::cpu {
namespace {

struct Matrix {
  const float* data;
  int64_t stride;  // between rows
  bool transposed = false;
};

// out [rows, cols] = alpha * a b, all row-major, a [rows, inner], b [inner, cols] after transposition.
void Multiply(const Matrix& a, const Matrix& b, int64_t rows, int64_t inner, int64_t cols, float alpha, float* out,
              int64_t out_stride) {
  // BLAS is column-major, where these matrices are their own transposes: out^T = b^T a^T.
  const int m = static_cast<int>(cols), n = static_cast<int>(rows), k = static_cast<int>(inner);
  const int lda = static_cast<int>(b.stride), ldb = static_cast<int>(a.stride), ldc = static_cast<int>(out_stride);
  const float beta = 0;
  sgemm_(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &m, &n, &k, &alpha, b.data, &lda, a.data, &ldb, &beta, out,
         &ldc);
}

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
  Matrix Of(const float* qkv, const Task& task, int64_t part, bool transposed = false) const {
    return {qkv + Qkv(task, part), 3 * hidden, transposed};
  }
};

float* HeadOf(const at::Tensor& per_head, const Task& task) {
  return per_head.data_ptr<float>() + task.head * task.length * task.length;
}

float* Scratch(int64_t count) {
  thread_local std::vector<float> buffer;
  if (buffer.size() < static_cast<size_t>(count)) buffer.resize(static_cast<size_t>(count));
  return buffer.data();
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
    const int64_t length = task.length;
    const int64_t queries = first_only ? 1 : length;
    const at::Tensor& kept = (*probs)[task.sequence];
    float* a = kept.defined() ? HeadOf(kept, task) : Scratch(queries * length);
    Multiply(layout.Of(in, task, 0), layout.Of(in, task, 1, /*transposed=*/true), queries, layout.head_size, length,
             layout.scale, a, length);
    kernels.softmax(a, queries, length);
    const int64_t to = first_only ? static_cast<int64_t>(task.sequence) : task.begin;
    Multiply({a, length}, layout.Of(in, task, 2), queries, length, layout.head_size, 1, out + layout.Output(to, task),
             layout.hidden);
  });
  return output;
}

at::Tensor AttentionVjp(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                        std::span<const at::Tensor> probs, const at::Tensor& grad_output, const AttentionTaps& taps) {
  const Layout layout(shape, grad_output.size(1));
  at::Tensor grad_qkv = at::empty({grad_output.size(0), 3 * layout.hidden}, qkv.options());
  std::vector<at::Tensor> relevance(probs.size());
  for (size_t s = 0; s < probs.size() && !taps.gradient_attention.empty(); ++s) {
    if (taps.gradient_attention[s].defined()) relevance[s] = at::empty(probs[s].sizes(), probs[s].options());
  }
  const std::vector<Task> tasks = MakeTasks(shape);
  const float* in = qkv.const_data_ptr<float>();
  const float* grad_o = grad_output.const_data_ptr<float>();
  float* out = grad_qkv.data_ptr<float>();
  ForItems(static_cast<int64_t>(tasks.size()), [&](int64_t item) {
    const Task& task = tasks[static_cast<size_t>(item)];
    const int64_t length = task.length, width = layout.head_size, stride = 3 * layout.hidden;
    const float* a = HeadOf(probs[task.sequence], task);
    const Matrix dO = {grad_o + layout.Output(task.begin, task), layout.hidden};
    float* grad_a = Scratch(length * length);
    Multiply(dO, layout.Of(in, task, 2, /*transposed=*/true), length, width, length, 1, grad_a, length);
    if (relevance[task.sequence].defined()) {
      kernels.positive_product(a, grad_a, HeadOf(relevance[task.sequence], task), length * length);
    }
    Multiply({a, length, true}, dO, length, length, width, 1, out + layout.Qkv(task, 2), stride);
    kernels.softmax_vjp(a, grad_a, length, length, layout.scale);
    Multiply({grad_a, length}, layout.Of(in, task, 1), length, length, width, 1, out + layout.Qkv(task, 0), stride);
    Multiply({grad_a, length, true}, layout.Of(in, task, 0), length, length, width, 1, out + layout.Qkv(task, 1),
             stride);
  });
  for (size_t s = 0; s < relevance.size(); ++s) {
    if (relevance[s].defined()) taps.gradient_attention[s].copy_(relevance[s].mean(0));
  }
  return grad_qkv;
}

}  // namespace limpid::engine::cpu
