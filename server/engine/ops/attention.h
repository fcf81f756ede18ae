#pragma once

#include <ATen/core/TensorBody.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/ops/disentangled.h"

namespace limpid::engine {

// Which keys a query sees, both counted within the sequence.
struct AttentionMask {
  bool is_causal = false;  // none behind it
  int64_t window = 0;      // causal: so many positions, its own included; else so many on either side; 0: all

  struct Range {
    int64_t begin, end;
  };
  // `positions` [length], rising; empty: 0, 1, ... Keys that were left out fill a window as those that are there do.
  Range Keys(int64_t query, int64_t length, std::span<const int64_t> positions = {}) const {
    if (window == 0) return {0, is_causal ? query + 1 : length};
    const int64_t before = is_causal ? window - 1 : window;
    if (!positions.empty()) {
      const int64_t at = positions[static_cast<size_t>(query)];
      const int64_t end = std::ranges::upper_bound(positions, at + window) - positions.begin();
      return {std::ranges::lower_bound(positions, at - before) - positions.begin(), is_causal ? query + 1 : end};
    }
    return {std::max<int64_t>(0, query - before), is_causal ? query + 1 : std::min(length, query + window + 1)};
  }
  bool hides_any() const { return is_causal || window > 0; }
};

// Added to the scores before the softmax: by head, and by the position of the key less that of the query.
struct RelativeBias {
  at::Tensor table;      // [heads, 2 * max_tokens - 1], the least difference first; undefined: there is none
  at::Tensor positions;  // [total_tokens] int64
};

struct PaddedGroup;

// Multi-head self-attention over packed sequences (Vaswani et al. 2017), between the QKV projection and the output
// projection: per sequence and head, A = softmax(scale Q K^T) over the keys that the mask leaves, O = A V. Heads share
// keys and values in groups (Ainslie et al. 2023) where there are fewer of those. Sequence s holds the tokens
// [cu_seqlens[s], cu_seqlens[s + 1]); nothing crosses from one sequence to another.
struct AttentionShape {
  std::span<const int64_t> cu_seqlens;  // [sequences + 1], starts at 0
  int64_t num_heads = 0;
  int64_t num_key_value_heads = 0;  // divides num_heads
  AttentionMask mask = {};
  // [total_tokens], rising within a sequence, for the mask's window; empty: 0, 1, ... in each.
  std::span<const int64_t> positions = {};
  double scale = 0;  // 0: 1 / sqrt(head_size)
  // Only where there are no key_values, as the next.
  RelativeBias bias = {};
  DisentangledBias disentangled = {};  // as many heads of keys as of queries
  // Not empty: sequences are done group by group (padded_attention.h), unless they have a bias or key_values.
  std::span<const PaddedGroup> groups = {};
  // Only this token of each sequence asks, [sequences]: O is [sequences, heads * head_size], and no probabilities are
  // kept. Empty: all ask.
  std::span<const int64_t> only_queries = {};
  // Forward only. Keys and values of a sequence that goes on from others [tokens so far, 2 * key_value_heads *
  // head_size], its own at the end; undefined: they are those in qkv. Empty: all are.
  std::span<const at::Tensor> key_values = {};

  int64_t num_sequences() const { return static_cast<int64_t>(cu_seqlens.size()) - 1; }
  int64_t head_size(const at::Tensor& qkv) const { return qkv.size(1) / (num_heads + 2 * num_key_value_heads); }
  double ScaleOf(const at::Tensor& qkv) const {
    return scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(head_size(qkv)));
  }
  bool is_grouped() const {
    return !groups.empty() && !bias.table.defined() && !disentangled.defined() && key_values.empty();
  }
  // Of the keys of a sequence. One that goes on from others has none left out.
  std::span<const int64_t> PositionsOf(size_t sequence) const {
    if (positions.empty() || KeyValues(sequence) != nullptr) return {};
    const auto begin = static_cast<size_t>(cu_seqlens[sequence]), end = static_cast<size_t>(cu_seqlens[sequence + 1]);
    return positions.subspan(begin, end - begin);
  }
  const at::Tensor* KeyValues(size_t sequence) const {
    return key_values.empty() || !key_values[sequence].defined() ? nullptr : &key_values[sequence];
  }
};

// qkv [total_tokens, (heads + 2 * key_value_heads) * head_size]: queries, keys, values side by side, head by head.
// Returns O [total_tokens, heads * head_size]. `probs` gets one A [num_heads, T, keys] per sequence; contiguous, so
// that it can be streamed as it lies. `keeps_probs` [sequences]: those to keep, undefined for the others; empty: all.
at::Tensor AttentionForward(const AttentionShape& shape, const at::Tensor& qkv, std::span<const uint8_t> keeps_probs,
                            std::vector<at::Tensor>* probs);

// What the vjp can bring back of the attention itself, per sequence; null for those not asked for.
struct AttentionTaps {
  // Per sequence: [T, T] to receive mean over heads of max(0, dF/dA * A); undefined tensors are passed over.
  std::span<at::Tensor> gradient_attention;
};

// dF/dqkv, as qkv, from dF/dO, as O. Where `probs` has no A it is made again, block by block: memory for it grows with
// T, not with T^2. With dO per head: dF/dA = dO V^T, dV = A^T dO, dS = A * (dA - rowsum(dA * A)), dQ = scale dS K, dK =
// scale dS^T Q; keys and values that heads share get the sum.
at::Tensor AttentionVjp(const AttentionShape& shape, const at::Tensor& qkv, std::span<const at::Tensor> probs,
                        const at::Tensor& grad_output, const AttentionTaps& taps);

}  // namespace limpid::engine
