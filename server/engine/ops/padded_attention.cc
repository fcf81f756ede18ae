#include "engine/ops/padded_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace limpid::engine {
namespace {

// How much longer than its shortest sequence a group may be.
constexpr double kStretch = 1.3;
constexpr int64_t kSpare = 16;

at::Tensor Indices(std::vector<int64_t> values, std::vector<int64_t> shape, at::Device device) {
  return at::from_blob(values.data(), shape, at::TensorOptions(at::kLong)).clone().to(device);
}

PaddedGroup MakeGroup(std::vector<size_t> sequences, std::span<const int64_t> cu_seqlens,
                      std::span<const int64_t> positions, at::Device device) {
  PaddedGroup group;
  std::vector<int64_t> lengths, places, padded, packed, padded_positions;
  for (const size_t s : sequences) lengths.push_back(cu_seqlens[s + 1] - cu_seqlens[s]);
  group.length = *std::ranges::max_element(lengths);
  for (size_t i = 0; i < sequences.size(); ++i) {
    const int64_t begin = cu_seqlens[sequences[i]];
    for (int64_t t = 0; t < group.length; ++t) {
      const bool is_token = t < lengths[i];
      const int64_t place = is_token ? begin + t : begin;
      if (is_token) {
        padded.push_back(static_cast<int64_t>(places.size()));
        packed.push_back(place);
      }
      padded_positions.push_back(positions.empty() ? t : positions[static_cast<size_t>(place)]);
      places.push_back(place);
    }
  }
  const auto count = static_cast<int64_t>(sequences.size());
  group.lengths = Indices(std::move(lengths), {count}, device);
  group.positions = Indices(std::move(padded_positions), {count, group.length}, device);
  group.places = Indices(std::move(places), {count * group.length}, device);
  const auto tokens = static_cast<int64_t>(packed.size());
  group.padded = Indices(std::move(padded), {tokens}, device);
  group.packed = Indices(std::move(packed), {tokens}, device);
  group.sequences = std::move(sequences);
  return group;
}

// Queries, keys and values of a group: [sequences, heads, tokens, head_size] each. Keys and values are repeated for the
// heads that share them.
struct Parts {
  at::Tensor query, key, value;
};

struct Extents {
  int64_t count, length, heads, shared, size;

  Extents(const AttentionShape& shape, const PaddedGroup& group, const at::Tensor& qkv)
      : count(static_cast<int64_t>(group.sequences.size())),
        length(group.length),
        heads(shape.num_heads),
        shared(shape.num_key_value_heads),
        size(shape.head_size(qkv)) {}

  // Columns [first, first + n * size) of x, as heads.
  at::Tensor Heads(const at::Tensor& x, int64_t first, int64_t n) const {
    return x.narrow(1, first, n * size).view({count, -1, n, size}).transpose(1, 2);
  }
  at::Tensor Repeat(const at::Tensor& x) const { return shared == heads ? x : x.repeat_interleave(heads / shared, 1); }
  at::Tensor SumGroups(const at::Tensor& x) const {
    return shared == heads ? x : x.unflatten(1, {shared, heads / shared}).sum(2);
  }
  // [count * length, n * size] of heads.
  at::Tensor Rows(const at::Tensor& x) const { return x.transpose(1, 2).reshape({count * x.size(2), -1}); }

  Parts Split(const at::Tensor& rows) const {
    return {Heads(rows, 0, heads), Repeat(Heads(rows, heads * size, shared)),
            Repeat(Heads(rows, (heads + shared) * size, shared))};
  }
};

// What no query may see is true: [sequences, queries, keys]. `queries` are places in the sequences, [sequences or 1,
// queries].
at::Tensor Hidden(const AttentionMask& mask, const PaddedGroup& group, const at::Tensor& queries) {
  const at::Tensor keys = at::arange(group.length, queries.options()).view({1, 1, -1});
  at::Tensor hidden = keys >= group.lengths.view({-1, 1, 1});
  if (mask.is_causal) hidden = hidden.logical_or(keys > queries.unsqueeze(2));
  if (mask.window == 0) return hidden;
  const at::Tensor own = group.positions.gather(1, queries.expand({group.lengths.size(0), -1})).unsqueeze(2);
  const at::Tensor behind = own - group.positions.unsqueeze(1);
  hidden = hidden.logical_or(behind > (mask.is_causal ? mask.window - 1 : mask.window));
  // Padding sees its first token, so that no row is without a key.
  if (!mask.is_causal) hidden = hidden.logical_or(behind < -mask.window);
  return hidden.logical_and(queries.unsqueeze(2) < group.lengths.view({-1, 1, 1}));
}

// [sequences, heads, queries, keys].
at::Tensor Probabilities(const AttentionShape& shape, double scale, const PaddedGroup& group, const Parts& parts,
                         const at::Tensor& queries) {
  at::Tensor scores = at::matmul(parts.query, parts.key.transpose(2, 3)).mul_(scale);
  scores.masked_fill_(Hidden(shape.mask, group, queries).unsqueeze(1), -std::numeric_limits<double>::infinity());
  return at::_softmax(scores, -1, /*half_to_float=*/false);
}

at::Tensor AllQueries(const PaddedGroup& group) {
  return at::arange(group.length, group.places.options()).view({1, -1});
}

}  // namespace

double PaddedLength(double length) { return kStretch * length + static_cast<double>(kSpare); }

std::vector<PaddedGroup> GroupByLength(std::span<const int64_t> cu_seqlens, at::Device device,
                                       std::span<const int64_t> positions) {
  const auto length = [&](size_t s) { return cu_seqlens[s + 1] - cu_seqlens[s]; };
  std::vector<size_t> order(cu_seqlens.size() - 1);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, length);
  std::vector<PaddedGroup> groups;
  for (size_t i = 0; i < order.size();) {
    const double longest = PaddedLength(static_cast<double>(length(order[i])));
    std::vector<size_t> sequences;
    for (; i < order.size() && static_cast<double>(length(order[i])) <= longest; ++i) sequences.push_back(order[i]);
    groups.push_back(MakeGroup(std::move(sequences), cu_seqlens, positions, device));
  }
  return groups;
}

at::Tensor PaddedAttentionForward(const AttentionShape& shape, const at::Tensor& qkv,
                                  std::span<const uint8_t> keeps_probs, std::vector<at::Tensor>* probs) {
  const bool is_single = !shape.only_queries.empty();
  const int64_t width = shape.num_heads * shape.head_size(qkv);
  at::Tensor output = at::empty({is_single ? shape.num_sequences() : qkv.size(0), width}, qkv.options());
  probs->assign(static_cast<size_t>(shape.num_sequences()), at::Tensor());
  for (const PaddedGroup& group : shape.groups) {
    const Extents e(shape, group, qkv);
    Parts parts = e.Split(qkv.index_select(0, group.places));
    at::Tensor queries = AllQueries(group), rows = group.packed;
    if (is_single) {
      std::vector<int64_t> only, sequences;
      for (const size_t s : group.sequences) {
        only.push_back(shape.only_queries[s]);
        sequences.push_back(static_cast<int64_t>(s));
      }
      queries = Indices(std::move(only), {e.count, 1}, qkv.device());
      rows = Indices(std::move(sequences), {e.count}, qkv.device());
      parts.query = parts.query.gather(2, queries.view({-1, 1, 1, 1}).expand({-1, e.heads, 1, e.size}));
    }
    const at::Tensor a = Probabilities(shape, shape.ScaleOf(qkv), group, parts, queries);
    const at::Tensor context = e.Rows(at::matmul(a, parts.value));
    output.index_copy_(0, rows, is_single ? context : context.index_select(0, group.padded));
    for (size_t i = 0; i < group.sequences.size() && !is_single; ++i) {
      const size_t s = group.sequences[i];
      if (!keeps_probs.empty() && keeps_probs[s] == 0) continue;
      const int64_t length = shape.cu_seqlens[s + 1] - shape.cu_seqlens[s];
      (*probs)[s] = a[static_cast<int64_t>(i)].narrow(1, 0, length).narrow(2, 0, length).contiguous();
    }
  }
  return output;
}

at::Tensor PaddedAttentionVjp(const AttentionShape& shape, const at::Tensor& qkv, const at::Tensor& grad_output,
                              const AttentionTaps& taps) {
  const double scale = shape.ScaleOf(qkv);
  at::Tensor grad_qkv = at::empty_like(qkv);
  for (const PaddedGroup& group : shape.groups) {
    const Extents e(shape, group, qkv);
    const Parts parts = e.Split(qkv.index_select(0, group.places));
    const at::Tensor a = Probabilities(shape, scale, group, parts, AllQueries(group));
    // Nothing comes back from padding.
    at::Tensor grad_rows = at::zeros({e.count * e.length, grad_output.size(1)}, grad_output.options());
    grad_rows.index_copy_(0, group.padded, grad_output.index_select(0, group.packed));
    const at::Tensor grad_o = e.Heads(grad_rows, 0, e.heads);
    const at::Tensor grad_a = at::matmul(grad_o, parts.value.transpose(2, 3));
    at::Tensor relevance;
    for (size_t i = 0; i < group.sequences.size(); ++i) {
      const size_t s = group.sequences[i];
      if (taps.gradient_attention.empty() || !taps.gradient_attention[s].defined()) continue;
      if (!relevance.defined()) relevance = (grad_a * a).clamp_min_(0).mean(1);
      const int64_t length = shape.cu_seqlens[s + 1] - shape.cu_seqlens[s];
      taps.gradient_attention[s].copy_(relevance[static_cast<int64_t>(i)].narrow(0, 0, length).narrow(1, 0, length));
    }
    const at::Tensor grad_s = at::_softmax_backward_data(grad_a, a, -1, a.scalar_type()).mul_(scale);
    const at::Tensor grad_query = at::matmul(grad_s, parts.key);
    const at::Tensor grad_key = e.SumGroups(at::matmul(grad_s.transpose(2, 3), parts.query));
    const at::Tensor grad_value = e.SumGroups(at::matmul(a.transpose(2, 3), grad_o));
    const at::Tensor grad = at::cat({e.Rows(grad_query), e.Rows(grad_key), e.Rows(grad_value)}, 1);
    grad_qkv.index_copy_(0, group.packed, grad.index_select(0, group.padded));
  }
  return grad_qkv;
}

}  // namespace limpid::engine
