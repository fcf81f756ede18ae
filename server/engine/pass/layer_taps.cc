#include "engine/pass/layer_taps.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

namespace limpid::engine {
namespace {

// The first layer that this row needs to be run.
int64_t FirstLayer(const Row& row) {
  const Wanted& wanted = row.wanted;
  if (row.replaced_hidden == nullptr) return 0;
  const bool of_every_layer = wanted.head_mean_attention || wanted.gradient_attention || wanted.head_importance ||
                              wanted.layer_gradient_x_activation || wanted.value_zeroing;
  if (of_every_layer) return 0;
  int64_t first = row.replaced_hidden->layer;
  if (!wanted.attention_layers.empty()) first = std::min<int64_t>(first, wanted.attention_layers.front());
  if (!wanted.hidden_states.empty()) first = std::min<int64_t>(first, wanted.hidden_states.front());
  if (wanted.layer_gradient_dot != nullptr) first = std::min<int64_t>(first, wanted.layer_gradient_dot->layer);
  return first;
}

at::Tensor ToDevice(const HiddenStates& states, const at::Tensor& like) {
  // Read only.
  auto* values = const_cast<float*>(states.values.data());
  return at::from_blob(values, like.sizes()).to(like.device());
}

}  // namespace

LayerTaps::LayerTaps(const Architecture& architecture, const PackedBatch& batch)
    : batch_(&batch), first_layer_(architecture.num_hidden_layers), rows_(batch.rows.size()) {
  for (size_t r = 0; r < rows_.size(); ++r) {
    first_layer_ = std::min(first_layer_, FirstLayer(*batch.rows[r]));
    rows_[r].hidden.resize(static_cast<size_t>(architecture.num_hidden_layers) + 1);
  }
}

void LayerTaps::OnHidden(int64_t layer, at::Tensor* hidden) {
  for (size_t r = 0; r < rows_.size(); ++r) {
    const Row& row = *batch_->rows[r];
    const bool is_replaced = row.replaced_hidden != nullptr && row.replaced_hidden->layer == layer;
    const bool is_kept = row.wanted.layer_gradient_x_activation ||
                         std::ranges::binary_search(row.wanted.hidden_states, static_cast<int32_t>(layer));
    if (!is_replaced && !is_kept) continue;
    const auto index = static_cast<int64_t>(r);
    at::Tensor own = hidden->narrow(0, batch_->begin(index), batch_->length(index));
    if (is_replaced) own.copy_(ToDevice(*row.replaced_hidden, own));
    if (is_kept) rows_[r].hidden[static_cast<size_t>(layer)] = own.clone();
  }
}

void LayerTaps::SpreadOverRows(const PackedBatch& batch, const std::vector<size_t>& packed_inputs) {
  batch_ = &batch;
  std::vector<RowTaps> rows;
  for (const size_t input : packed_inputs) rows.push_back({rows_[input].hidden, {}, {}});
  rows_ = std::move(rows);
}

void LayerTaps::OnGradient(int64_t layer, at::Tensor* grad, at::Tensor* grad_residual) {
  for (int64_t r = 0; r < batch_->num_backward; ++r) {
    const Row& row = *batch_->rows[static_cast<size_t>(r)];
    RowTaps& taps = rows_[static_cast<size_t>(r)];
    const auto own = [&](const at::Tensor& packed) { return packed.narrow(0, batch_->begin(r), batch_->length(r)); };
    const auto dot_with = [&](const at::Tensor& values) {
      const at::Tensor sum = grad_residual->defined() ? own(*grad) + own(*grad_residual) : own(*grad);
      return (sum * values).sum(-1);
    };
    if (row.wanted.layer_gradient_x_activation) {
      if (!taps.gradient_x_activation.defined()) {
        const auto places = static_cast<int64_t>(taps.hidden.size());
        taps.gradient_x_activation = at::zeros({places, batch_->length(r)}, grad->options());
      }
      taps.gradient_x_activation[layer].copy_(dot_with(taps.hidden[static_cast<size_t>(layer)]));
    }
    const HiddenStates* dot = row.wanted.layer_gradient_dot.get();
    if (dot != nullptr && dot->layer == layer) taps.gradient_dot = dot_with(ToDevice(*dot, own(*grad)));
    if (row.replaced_hidden != nullptr && row.replaced_hidden->layer == layer) {
      own(*grad).zero_();
      if (grad_residual->defined()) own(*grad_residual).zero_();
    }
  }
}

std::vector<at::Tensor> LayerTaps::hidden_states(size_t row) const {
  std::vector<at::Tensor> states;
  for (int32_t layer : batch_->rows[row]->wanted.hidden_states) {
    states.push_back(rows_[row].hidden[static_cast<size_t>(layer)]);
  }
  return states;
}

}  // namespace limpid::engine
