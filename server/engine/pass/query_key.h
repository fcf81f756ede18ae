#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/models/architecture.h"
#include "engine/ops/attention.h"
#include "engine/ops/padded_attention.h"
#include "engine/ops/rotary.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"

namespace limpid::engine {

// What positions bring into attention, the same for all layers of a pass; undefined what the architecture lacks.
struct PositionTerms {
  RotaryAngles angles, window_angles;
  RelativeBias bias;
  DisentangledBias disentangled;            // what of it is the same for all layers
  std::span<const int64_t> host_positions;  // the batch's
  std::vector<PaddedGroup> groups;          // of devices other than the CPU
};

// Of the leading tokens of a batch, which must outlive it.
PositionTerms PositionTermsOf(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                              int64_t num_tokens);

const RotaryAngles& AnglesOf(const Architecture& architecture, const PositionTerms& terms, size_t layer);

// Of one layer, whose weights are given; cu_seqlens must outlive it.
AttentionShape AttentionShapeOf(const Architecture& architecture, const LayerWeights& weights,
                                const PositionTerms& terms, size_t layer, std::span<const int64_t> cu_seqlens);

// What some architectures do with queries and keys between projection and attention: a norm of each head, then a
// rotation. `angles` may be undefined: there is no rotation. Changes qkv [total_tokens, query_key_value_size] in place;
// `saved` may be null: nothing is kept.
void QueryKeyForward(const Architecture& architecture, const LayerWeights& weights, const RotaryAngles& angles,
                     at::Tensor* qkv, SavedLayer* saved);

// dF/d(what the projection gave) from dF/dqkv, in place.
void QueryKeyVjp(const Architecture& architecture, const LayerWeights& weights, const BackwardRules& rules,
                 const RotaryAngles& angles, const SavedLayer& saved, at::Tensor* grad_qkv);

}  // namespace limpid::engine
