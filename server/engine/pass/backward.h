#pragma once

#include <ATen/core/TensorBody.h>

#include <array>
#include <vector>

#include "engine/models/architecture.h"
#include "engine/pass/layer_taps.h"
#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

namespace limpid::engine {

// What the backward pass brings back for the batch's leading `num_backward` rows.
struct Gradients {
  // dF/dx at each attach point, [backward_tokens, embedding].
  std::array<at::Tensor, kNumAttachPoints> at;
  // Per row that wants it, [layers, T, T]; undefined otherwise.
  std::vector<at::Tensor> gradient_attention;
  // Per row that wants it, [layers, heads]; undefined otherwise.
  std::vector<at::Tensor> head_importance;
  // Per row, in the order of Wanted::gradient_dots, [T].
  std::vector<std::vector<at::Tensor>> dots;
  // Per row, in the order of SubstitutionSearch::tokens.
  std::vector<std::vector<Substitutions>> substitutions;
};

// Vector-Jacobian product of Forward toward its input embeddings, without a graph and without weight gradients.
// grad_hidden: dF/d(last hidden state), [backward_tokens, hidden]; rows are independent, so one pass serves each
// row's own F. Follows batch.backward_rule; `taps` sees the gradients between the layers, from last to first.
Gradients Backward(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                   const SavedActivations& saved, LayerTaps* taps, at::Tensor grad_hidden);

}  // namespace limpid::engine
