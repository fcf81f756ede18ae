#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <vector>

#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/row.h"

namespace limpid::engine {

// Tokens of a packed batch, each with the id of what takes its place there; see Baseline::ids.
struct ReplacedTokens {
  std::vector<int64_t> places;  // in [0, total_tokens)
  std::vector<int32_t> ids;     // as many

  void Append(const PackedBatch& batch, int64_t row, const Baseline& baseline);
};

// What would be at the attach point with those ids in place of the tokens' own, at the same position and segment:
// [tokens, embedding].
at::Tensor BaselineEmbeddings(const ModelWeights& weights, const PackedBatch& batch, AttachPoint at,
                              const ReplacedTokens& tokens);

// [n] int64 on the device.
at::Tensor IndexTensor(std::vector<int64_t> indices, at::Device device);

}  // namespace limpid::engine
