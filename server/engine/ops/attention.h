#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <span>
#include <vector>

namespace limpid::engine {

// Multi-head self-attention over packed sequences (Vaswani et al. 2017), between the QKV projection and the output
// projection: per sequence and head, A = softmax(Q K^T / sqrt(head_size)), O = A V. Sequence s holds the tokens
// [cu_seqlens[s], cu_seqlens[s + 1]); nothing crosses from one sequence to another.
struct AttentionShape {
  std::span<const int64_t> cu_seqlens;  // [sequences + 1], starts at 0
  int64_t num_heads = 0;
  // Only each sequence's first token asks: O is [sequences, hidden], and no probabilities are kept.
  bool first_query_only = false;

  int64_t num_sequences() const { return static_cast<int64_t>(cu_seqlens.size()) - 1; }
};

// qkv [total_tokens, 3 * hidden]: queries, keys, values side by side, each [num_heads, head_size].
// Returns O [total_tokens, hidden]. `probs` gets one A [num_heads, T, T] per sequence; contiguous, so that it can be
// streamed as it lies. `keeps_probs` [sequences]: those to keep, undefined for the others; empty: all.
at::Tensor AttentionForward(const AttentionShape& shape, const at::Tensor& qkv, std::span<const uint8_t> keeps_probs,
                            std::vector<at::Tensor>* probs);

// What the vjp can bring back of the attention itself, per sequence; null for those not asked for.
struct AttentionTaps {
  // Per sequence: [T, T] to receive mean over heads of max(0, dF/dA * A); undefined tensors are passed over.
  std::span<at::Tensor> gradient_attention;
};

// dF/dqkv [total_tokens, 3 * hidden] from dF/dO [total_tokens, hidden]. Where `probs` has no A it is made again, block
// by block: memory for it grows with T, not with T^2. With dO per head: dF/dA = dO V^T, dV = A^T dO, dS = A * (dA -
// rowsum(dA * A)), dQ = dS K / sqrt(head_size), dK = dS^T Q / sqrt(head_size).
at::Tensor AttentionVjp(const AttentionShape& shape, const at::Tensor& qkv, std::span<const at::Tensor> probs,
                        const at::Tensor& grad_output, const AttentionTaps& taps);

}  // namespace limpid::engine
