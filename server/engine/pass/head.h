#pragma once

#include <ATen/core/TensorBody.h>

#include <vector>

#include "engine/models/architecture.h"
#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

namespace limpid::engine {

// What the head keeps between forward and backward.
struct SavedHead {
  at::Tensor slope;   // of a classifier's activation, [rows, classifier_size]; only with a backward, as the next
  NormSaved norm;     // of its norm
  at::Tensor pooled;  // of an encoder, [rows, hidden], on the host
};

// From the last hidden state to each row's prediction, in packed order, its target resolved and valued.
std::vector<Prediction> HeadForward(const Architecture& architecture, const ModelWeights& weights,
                                    const PackedBatch& batch, const SavedActivations& activations, SavedHead* saved);

// dF/d(last hidden state), [backward_tokens, hidden].
at::Tensor HeadVjp(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                   const std::vector<Prediction>& predictions, const SavedHead& saved,
                   const at::Tensor& last_hidden_state);

}  // namespace limpid::engine
