#include "engine/pass/capture.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace limpid::engine {
namespace {

void CaptureAttention(const Wanted& wanted, const SavedActivations& saved, size_t row, RowResult* result) {
  for (int32_t layer : wanted.attention_layers) {
    result->attention.push_back(ToHost(saved.layers[static_cast<size_t>(layer)].probs[row]));
  }
  if (wanted.head_mean_attention) result->head_mean_attention = ToHost(saved.head_mean_attention[row]);
  if (wanted.value_zeroing) result->value_zeroing = ToHost(saved.value_zeroing[row]);
}

void CaptureGradients(const PackedBatch& batch, const SavedActivations& saved, const LayerTaps& taps,
                      const Gradients& gradients, size_t row, RowResult* result) {
  const Wanted& wanted = batch.rows[row]->wanted;
  const auto r = static_cast<int64_t>(row);
  if (wanted.gradient_attention) result->gradient_attention = ToHost(gradients.gradient_attention[row]);
  if (wanted.head_importance) result->head_importance = ToHost(gradients.head_importance[row]);
  for (size_t point = 0; point < kNumAttachPoints; ++point) {
    if (!wanted.gradient_at[point]) continue;
    const auto rows_of = [&](const at::Tensor& packed) { return packed.narrow(0, batch.begin(r), batch.length(r)); };
    result->inputs[point] = ToHost(rows_of(saved.EmbeddingsAt(static_cast<AttachPoint>(point))));
    result->gradients[point] = ToHost(rows_of(gradients.at[point]));
  }
  for (const at::Tensor& dot : gradients.dots[row]) result->gradient_dots.push_back(ToHost(dot));
  if (wanted.layer_gradient_x_activation) {
    result->layer_gradient_x_activation = ToHost(taps.gradient_x_activation(row));
  }
  if (wanted.layer_gradient_dot != nullptr) result->layer_gradient_dot = ToHost(taps.gradient_dot(row));
  result->substitutions = gradients.substitutions[row];
}

// Through memory that the device may write to by itself, which is many times as fast as any other.
at::Tensor CopyToHost(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::empty(tensor.sizes(), tensor.options().device(at::kCPU).pinned_memory(true)).copy_(tensor);
}

}  // namespace

HostTensor ToHost(const at::Tensor& tensor) {
  auto owner = std::make_shared<const at::Tensor>(CopyToHost(tensor).contiguous());
  HostTensor host;
  host.shape = owner->sizes().vec();
  host.values = {owner->const_data_ptr<float>(), static_cast<size_t>(owner->numel())};
  host.owner = std::move(owner);
  return host;
}

void BringToHost(const PackedBatch& batch, SavedActivations* saved, Gradients* gradients) {
  at::Tensor* const inputs[] = {&saved->word, &saved->embedding_sum, &saved->embedding_output};
  for (size_t point = 0; point < kNumAttachPoints; ++point) {
    const bool is_wanted =
        std::ranges::any_of(batch.rows, [point](const Row* row) { return row->wanted.gradient_at[point]; });
    if (!is_wanted) continue;
    *inputs[point] = CopyToHost(*inputs[point]);
    gradients->at[point] = CopyToHost(gradients->at[point]);
  }
}

std::vector<RowResult> Capture(const PackedBatch& batch, const SavedActivations& saved, const LayerTaps& taps,
                               const Gradients* gradients, std::vector<Prediction> predictions) {
  std::vector<RowResult> results(batch.rows.size());
  for (size_t row = 0; row < results.size(); ++row) {
    results[row].prediction = std::move(predictions[row]);
    CaptureAttention(batch.rows[row]->wanted, saved, row, &results[row]);
    for (const at::Tensor& states : taps.hidden_states(row)) results[row].hidden_states.push_back(ToHost(states));
    if (batch.rows[row]->wanted.needs_backward()) CaptureGradients(batch, saved, taps, *gradients, row, &results[row]);
  }
  return results;
}

}  // namespace limpid::engine
