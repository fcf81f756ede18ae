#pragma once

#include <ATen/core/TensorBody.h>

#include <array>
#include <vector>

#include "engine/models/architecture.h"
#include "engine/pass/encoder_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

namespace limpid::engine {

// What the backward pass brings back for the batch's leading `num_backward` rows.
struct Gradients {
  // dF/dx at each attach point, [backward_tokens, hidden].
  std::array<at::Tensor, kNumAttachPoints> at;
  // Per row that wants it, [layers, T, T]; undefined otherwise.
  std::vector<at::Tensor> gradient_attention;
  // Per row that wants it, [layers, heads]; undefined otherwise.
  std::vector<at::Tensor> head_importance;
  // Per row, in the order of Wanted::gradient_dots, [T].
  std::vector<std::vector<at::Tensor>> dots;
};

// Vector-Jacobian product of Forward toward its input embeddings, without a graph and without weight gradients.
// grad_hidden: dF/d(last hidden state), [backward_tokens, hidden]; rows are independent, so one pass serves each
// row's own F.
Gradients Backward(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch,
                   const SavedActivations& saved, at::Tensor grad_hidden);

}  // namespace limpid::engine
