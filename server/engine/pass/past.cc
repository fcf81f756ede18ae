#include "engine/pass/past.h"

#include <ATen/ops/empty.h>

#include <utility>

namespace limpid::engine {

TorchPast::TorchPast(const Architecture& a, int64_t capacity, bool keeps_for_backward, at::Device device)
    : capacity_(capacity),
      key_values_width_(2 * a.num_key_value_heads * a.head_size),
      keeps_for_backward_(keeps_for_backward),
      options_(at::TensorOptions(at::kFloat).device(device)),
      key_values_(static_cast<size_t>(a.num_hidden_layers)) {}

uint64_t TorchPast::Bytes(const Architecture& a, int64_t capacity, bool keeps_for_backward) {
  int64_t width = a.num_hidden_layers * 2 * a.num_key_value_heads * a.head_size;
  if (keeps_for_backward) {
    // Queries, keys and values once more, context, both norms, the heads' norms, the feed-forward's slopes.
    const int64_t wide = (a.names.mlp_gate.empty() ? 1 : 2) * a.intermediate_size;
    const int64_t layer = 2 * a.query_key_value_size() + a.attention_size() + 2 * a.hidden_size + wide + 64;
    width += a.num_hidden_layers * layer + 3 * a.embedding_size + 2 * a.hidden_size;
  }
  return sizeof(float) * static_cast<uint64_t>(capacity * width);
}

at::Tensor TorchPast::Append(size_t layer, int64_t length, const at::Tensor& qkv) {
  at::Tensor& all = key_values_[layer];
  if (!all.defined()) all = at::empty({capacity_, key_values_width_}, options_);
  all.narrow(0, length, qkv.size(0)).copy_(qkv.narrow(1, qkv.size(1) - key_values_width_, key_values_width_));
  return all.narrow(0, 0, length + qkv.size(0));
}

SavedActivations TorchPast::Append(int64_t length, SavedActivations saved) {
  size_t index = 0;
  saved.ForEachPacked([&](at::Tensor* packed) {
    if (index == saved_.size()) saved_.emplace_back();
    at::Tensor& all = saved_[index++];
    if (!packed->defined()) return;
    if (!all.defined()) all = at::empty({capacity_, packed->size(1)}, options_);
    all.narrow(0, length, packed->size(0)).copy_(*packed);
    *packed = all.narrow(0, 0, length + packed->size(0));
  });
  return saved;
}

}  // namespace limpid::engine
