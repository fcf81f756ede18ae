#include "engine/ops/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "engine/kernels/cpu/attention.h"
#include "engine/kernels/cpu/elementwise.h"

namespace limpid::engine {
namespace {

// Tokens [begin, end) of columns `part` (0 query, 1 key, 2 value) as [num_heads, T, head_size]; a view.
at::Tensor Heads(const at::Tensor& packed, int64_t part, int64_t hidden, int64_t num_heads, int64_t begin,
                 int64_t end) {
  return packed.narrow(0, begin, end - begin)
      .narrow(1, part * hidden, hidden)
      .view({end - begin, num_heads, hidden / num_heads})
      .transpose(0, 1);
}

// A [num_heads, queries, keys].
at::Tensor Probabilities(const at::Tensor& query, const at::Tensor& key) {
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(2)));
  return at::_softmax(at::bmm(query, key.transpose(1, 2)).mul_(scale), -1, /*half_to_float=*/false);
}

}  // namespace

at::Tensor AttentionForward(const AttentionShape& shape, const at::Tensor& qkv, std::span<const uint8_t> keeps_probs,
                            std::vector<at::Tensor>* probs) {
  if (cpu::Takes(qkv)) return cpu::AttentionForward(*cpu::BestKernels(), shape, qkv, keeps_probs, probs);
  const int64_t hidden = qkv.size(1) / 3, heads = shape.num_heads;
  at::Tensor output = at::empty({shape.first_query_only ? shape.num_sequences() : qkv.size(0), hidden}, qkv.options());
  probs->clear();
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t begin = shape.cu_seqlens[s], end = shape.cu_seqlens[s + 1];
    const int64_t queries = shape.first_query_only ? 1 : end - begin;
    const int64_t to = shape.first_query_only ? static_cast<int64_t>(s) : begin;
    const at::Tensor query = Heads(qkv, 0, hidden, heads, begin, begin + queries);
    const at::Tensor key = Heads(qkv, 1, hidden, heads, begin, end);
    const at::Tensor value = Heads(qkv, 2, hidden, heads, begin, end);
    const at::Tensor a = Probabilities(query, key);
    Heads(output, 0, hidden, heads, to, to + queries).copy_(at::bmm(a, value));
    const bool is_kept = !shape.first_query_only && (keeps_probs.empty() || keeps_probs[s] != 0);
    probs->push_back(is_kept ? a : at::Tensor());
  }
  return output;
}

at::Tensor AttentionVjp(const AttentionShape& shape, const at::Tensor& qkv, std::span<const at::Tensor> probs,
                        const at::Tensor& grad_output, const AttentionTaps& taps) {
  if (cpu::Takes(qkv)) return cpu::AttentionVjp(*cpu::BestKernels(), shape, qkv, probs, grad_output, taps);
  const int64_t hidden = grad_output.size(1), heads = shape.num_heads;
  const double scale = 1 / std::sqrt(static_cast<double>(hidden / heads));
  at::Tensor grad_qkv = at::empty({grad_output.size(0), 3 * hidden}, qkv.options());
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t begin = shape.cu_seqlens[s], end = shape.cu_seqlens[s + 1];
    const auto of = [&](int64_t part) { return Heads(qkv, part, hidden, heads, begin, end); };
    const at::Tensor a = probs[s].defined() ? probs[s] : Probabilities(of(0), of(1));
    const at::Tensor grad_o = Heads(grad_output, 0, hidden, heads, begin, end);
    const at::Tensor grad_a = at::bmm(grad_o, of(2).transpose(1, 2));
    if (!taps.gradient_attention.empty() && taps.gradient_attention[s].defined()) {
      taps.gradient_attention[s].copy_((grad_a * a).clamp_min_(0).mean(0));
    }
    const at::Tensor grad_s = at::_softmax_backward_data(grad_a, a, -1, a.scalar_type()).mul_(scale);
    const auto grad = [&](int64_t part) { return Heads(grad_qkv, part, hidden, heads, begin, end); };
    grad(0).copy_(at::bmm(grad_s, of(1)));
    grad(1).copy_(at::bmm(grad_s.transpose(1, 2), of(0)));
    grad(2).copy_(at::bmm(a.transpose(1, 2), grad_o));
  }
  return grad_qkv;
}

}  // namespace limpid::engine
