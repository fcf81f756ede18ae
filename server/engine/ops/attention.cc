#include "engine/ops/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>

#include <limits>
#include <optional>

#include "engine/kernels/cpu/attention.h"
#include "engine/kernels/cpu/elementwise.h"
#include "engine/ops/padded_attention.h"

namespace limpid::engine {
namespace {

// Columns [first, first + count * size) of the rows of x as [count, rows, size]; a view.
at::Tensor Heads(const at::Tensor& x, int64_t first, int64_t count, int64_t size) {
  return x.narrow(1, first, count * size).unflatten(1, {count, size}).transpose(0, 1);
}

// [key_value_heads, T, size] -> [heads, T, size]: each repeated for its group.
at::Tensor Repeat(const at::Tensor& x, int64_t num_heads) {
  return x.size(0) == num_heads ? x : x.repeat_interleave(num_heads / x.size(0), 0);
}

// The sum over each group.
at::Tensor SumGroups(const at::Tensor& x, int64_t num_key_value_heads) {
  return x.size(0) == num_key_value_heads ? x : x.unflatten(0, {num_key_value_heads, -1}).sum(1);
}

// [num_heads, queries, keys], of so many queries and of all keys of the sequence that begins at `begin`.
at::Tensor BiasOf(const RelativeBias& bias, int64_t begin, int64_t length, int64_t first, int64_t queries) {
  const at::Tensor keys = bias.positions.narrow(0, begin, length);
  const at::Tensor differences = keys.unsqueeze(0) - keys.narrow(0, first, queries).unsqueeze(1);
  const at::Tensor columns = (differences + bias.table.size(1) / 2).flatten();
  return bias.table.index_select(1, columns).view({bias.table.size(0), queries, length});
}

std::optional<DisentangledTerms> TermsOf(const AttentionShape& shape, size_t sequence, int64_t first, int64_t queries) {
  if (!shape.disentangled.defined()) return std::nullopt;
  const int64_t begin = shape.cu_seqlens[sequence], length = shape.cu_seqlens[sequence + 1] - begin;
  const std::span<const int64_t> positions = shape.PositionsOf(sequence);
  const int64_t farthest = positions.empty() ? length - 1 : positions.back() - positions.front();
  return DisentangledTerms(shape.disentangled, begin, length, first, queries, farthest);
}

// A [num_heads, queries, keys], the queries beginning with token `first` of the sequence.
// `terms` may be empty.
at::Tensor Probabilities(const AttentionShape& shape, size_t sequence, double scale,
                         const std::optional<DisentangledTerms>& terms, const at::Tensor& query, const at::Tensor& key,
                         int64_t first) {
  at::Tensor scores = at::bmm(query, key.transpose(1, 2));
  if (terms.has_value()) terms->AddScores(query, key, &scores);
  scores.mul_(scale);
  if (shape.bias.table.defined())
    scores.add_(BiasOf(shape.bias, shape.cu_seqlens[sequence], key.size(1), first, query.size(1)));
  const int64_t keys = key.size(1);
  for (int64_t q = 0; q < query.size(1) && shape.mask.hides_any(); ++q) {
    const AttentionMask::Range seen = shape.mask.Keys(first + q, keys, shape.PositionsOf(sequence));
    const auto hide = [&](int64_t begin, int64_t end) {
      scores.select(1, q).narrow(1, begin, end - begin).fill_(-std::numeric_limits<double>::infinity());
    };
    hide(0, seen.begin);
    hide(seen.end, keys);
  }
  return at::_softmax(scores, -1, /*half_to_float=*/false);
}

bool IsTuned(const AttentionShape& shape, const at::Tensor& qkv) {
  return cpu::Takes(qkv) && !shape.bias.table.defined() && !shape.disentangled.defined();
}

}  // namespace

at::Tensor AttentionForward(const AttentionShape& shape, const at::Tensor& qkv, std::span<const uint8_t> keeps_probs,
                            std::vector<at::Tensor>* probs) {
  if (shape.is_grouped()) return PaddedAttentionForward(shape, qkv, keeps_probs, probs);
  if (IsTuned(shape, qkv)) return cpu::AttentionForward(*cpu::BestKernels(), shape, qkv, keeps_probs, probs);
  const int64_t heads = shape.num_heads, kv_heads = shape.num_key_value_heads, size = shape.head_size(qkv);
  const bool is_single = !shape.only_queries.empty();
  at::Tensor output = at::empty({is_single ? shape.num_sequences() : qkv.size(0), heads * size}, qkv.options());
  probs->clear();
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t begin = shape.cu_seqlens[s], length = shape.cu_seqlens[s + 1] - begin;
    const at::Tensor own = qkv.narrow(0, begin, length);
    const at::Tensor* so_far = shape.KeyValues(s);
    const at::Tensor key_values = so_far != nullptr ? *so_far : own.narrow(1, heads * size, 2 * kv_heads * size);
    const at::Tensor key = Repeat(Heads(key_values, 0, kv_heads, size), heads);
    const at::Tensor value = Repeat(Heads(key_values, kv_heads * size, kv_heads, size), heads);
    const int64_t first = is_single ? shape.only_queries[s] : 0, queries = is_single ? 1 : length;
    const at::Tensor query = Heads(own.narrow(0, first, queries), 0, heads, size);
    const at::Tensor a = Probabilities(shape, s, shape.ScaleOf(qkv), TermsOf(shape, s, first, queries), query, key,
                                       key.size(1) - length + first);
    const int64_t to = is_single ? static_cast<int64_t>(s) : begin;
    Heads(output.narrow(0, to, queries), 0, heads, size).copy_(at::bmm(a, value));
    const bool is_kept = !is_single && (keeps_probs.empty() || keeps_probs[s] != 0);
    probs->push_back(is_kept ? a : at::Tensor());
  }
  return output;
}

at::Tensor AttentionVjp(const AttentionShape& shape, const at::Tensor& qkv, std::span<const at::Tensor> probs,
                        const at::Tensor& grad_output, const AttentionTaps& taps) {
  if (shape.is_grouped()) return PaddedAttentionVjp(shape, qkv, grad_output, taps);
  if (IsTuned(shape, qkv)) return cpu::AttentionVjp(*cpu::BestKernels(), shape, qkv, probs, grad_output, taps);
  const int64_t heads = shape.num_heads, kv_heads = shape.num_key_value_heads, size = shape.head_size(qkv);
  const double scale = shape.ScaleOf(qkv);
  at::Tensor grad_qkv = at::empty_like(qkv);
  for (size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int64_t begin = shape.cu_seqlens[s], length = shape.cu_seqlens[s + 1] - begin;
    const auto query_of = [&](const at::Tensor& x) { return Heads(x.narrow(0, begin, length), 0, heads, size); };
    const auto key_of = [&](const at::Tensor& x) {
      return Heads(x.narrow(0, begin, length), heads * size, kv_heads, size);
    };
    const auto value_of = [&](const at::Tensor& x) {
      return Heads(x.narrow(0, begin, length), (heads + kv_heads) * size, kv_heads, size);
    };
    const auto terms = TermsOf(shape, s, 0, length);
    const at::Tensor query = query_of(qkv), key = Repeat(key_of(qkv), heads), value = Repeat(value_of(qkv), heads);
    const at::Tensor a = probs[s].defined() ? probs[s] : Probabilities(shape, s, scale, terms, query, key, 0);
    const at::Tensor grad_o = query_of(grad_output);
    const at::Tensor grad_a = at::bmm(grad_o, value.transpose(1, 2));
    if (!taps.gradient_attention.empty() && taps.gradient_attention[s].defined()) {
      taps.gradient_attention[s].copy_((grad_a * a).clamp_min_(0).mean(0));
    }
    const at::Tensor grad_s = at::_softmax_backward_data(grad_a, a, -1, a.scalar_type()).mul_(scale);
    at::Tensor grad_query = at::bmm(grad_s, key), grad_key = at::bmm(grad_s.transpose(1, 2), query);
    if (terms.has_value()) terms->AddVjp(grad_s, &grad_query, &grad_key);
    query_of(grad_qkv).copy_(grad_query);
    key_of(grad_qkv).copy_(SumGroups(grad_key, kv_heads));
    value_of(grad_qkv).copy_(SumGroups(at::bmm(a.transpose(1, 2), grad_o), kv_heads));
  }
  return grad_qkv;
}

}  // namespace limpid::engine
