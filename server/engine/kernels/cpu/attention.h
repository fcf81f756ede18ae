#pragma once

#include <ATen/core/TensorBody.h>

#include <span>
#include <vector>

#include "engine/kernels/cpu/kernels.h"
#include "engine/ops/attention.h"

namespace limpid::engine::cpu {

// Scores are made, normalized and used so many queries at a time: a block of them stays in cache.
inline constexpr int64_t kQueryBlock = 48;

// The tuned CPU form of ops/attention.h: one task per sequence and head, straight out of and into the packed matrices,
// scores and probabilities in one buffer that stays in cache. fp32 only.
at::Tensor AttentionForward(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                            std::span<const uint8_t> keeps_probs, std::vector<at::Tensor>* probs);

at::Tensor AttentionVjp(const Kernels& kernels, const AttentionShape& shape, const at::Tensor& qkv,
                        std::span<const at::Tensor> probs, const at::Tensor& grad_output, const AttentionTaps& taps);

}  // namespace limpid::engine::cpu
