#pragma once

#include <ATen/core/TensorBody.h>

#include <vector>

#include "engine/models/architecture.h"
#include "engine/pass/packed_batch.h"
#include "engine/row.h"

namespace limpid::engine {

// What a pass keeps and brings back of the hidden states between its layers, at place l in [0, layers]: those that
// enter layer l, or the last ones. Per row in packed order; undefined or empty for a row that does not want it.
class LayerTaps {
 public:
  LayerTaps(const Architecture& architecture, const PackedBatch& batch);

  // The first layer whose result anybody needs: below it all rows' hidden states are replaced.
  int64_t first_layer() const { return first_layer_; }

  // Forward, before layer l: puts replaced_hidden in place in `hidden` [total_tokens, hidden], then keeps copies of
  // what rows want.
  void OnHidden(int64_t layer, at::Tensor* hidden);

  // After the forward pass of `batch`'s inputs: goes on with rows, each of which has one of them (packed places).
  void SpreadOverRows(const PackedBatch& batch, const std::vector<size_t>& packed_inputs);

  // Backward, at the same place: dF/dh as a sum of two, the second may be undefined. Contracts it, then makes it zero
  // where h did not come from the layers before.
  void OnGradient(int64_t layer, at::Tensor* grad, at::Tensor* grad_residual);

  // Hands out; each [T, hidden], [layers + 1, T], [T].
  std::vector<at::Tensor> hidden_states(size_t row) const;
  const at::Tensor& gradient_x_activation(size_t row) const { return rows_[row].gradient_x_activation; }
  const at::Tensor& gradient_dot(size_t row) const { return rows_[row].gradient_dot; }

 private:
  struct RowTaps {
    std::vector<at::Tensor> hidden;  // by layer, where kept
    at::Tensor gradient_x_activation, gradient_dot;
  };

  const PackedBatch* batch_;
  int64_t first_layer_;
  std::vector<RowTaps> rows_;
};

}  // namespace limpid::engine
