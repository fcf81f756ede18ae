#pragma once

#include <ATen/core/TensorBody.h>

#include <array>
#include <vector>

#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

namespace limpid::engine {

// Wanted::gradient_dots of every row, in its order: [row][index] of [T], from dF/dx [backward_tokens, embedding] at
// each attach point. A path integral's node leaves the pass as T numbers instead of T * embedding.
std::vector<std::vector<at::Tensor>> GradientDots(const ModelWeights& weights, const PackedBatch& batch,
                                                  const SavedActivations& saved,
                                                  const std::array<at::Tensor, kNumAttachPoints>& gradients);

}  // namespace limpid::engine
