#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/ops/attention.h"

namespace limpid::engine {

// Sequences of like length, which are done at once, padded to the longest of them: for devices on which an operation
// costs more to begin than to run.
struct PaddedGroup {
  std::vector<size_t> sequences;
  int64_t length = 0;    // of the longest
  at::Tensor lengths;    // [sequences] int64
  at::Tensor positions;  // [sequences, length] int64
  at::Tensor places;     // [sequences * length] int64: where each lies in the packed batch; of padding: anywhere
  at::Tensor padded;     // [tokens] int64: where each token lies among `places`
  at::Tensor packed;     // [tokens] int64: and where in the packed batch
};

// All sequences of a batch. `positions` [total_tokens], rising within a sequence, for the mask's window; empty: 0, 1,
// ... in each.
std::vector<PaddedGroup> GroupByLength(std::span<const int64_t> cu_seqlens, at::Device device,
                                       std::span<const int64_t> positions = {});

// The longest that a sequence of `length` may be padded to.
double PaddedLength(double length);

// AttentionForward and AttentionVjp of a shape that is grouped. The vjp makes the maps again.
at::Tensor PaddedAttentionForward(const AttentionShape& shape, const at::Tensor& qkv,
                                  std::span<const uint8_t> keeps_probs, std::vector<at::Tensor>* probs);
at::Tensor PaddedAttentionVjp(const AttentionShape& shape, const at::Tensor& qkv, const at::Tensor& grad_output,
                              const AttentionTaps& taps);

}  // namespace limpid::engine
