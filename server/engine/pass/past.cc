#include "engine/pass/past.h"

#include <ATen/ops/empty.h>

#include <utility>

namespace limpid::engine {

TorchPast::TorchPast(const Architecture& a, int64_t capacity, bool keeps_for_backward, at::Device device)
    : capacity_(capacity),
      key_values_width_(2 * a.num_key_value_heads * a.head_size),
      kept_width_(keeps_for_backward ? a.query_key_value_size() : key_values_width_),
      keeps_for_backward_(keeps_for_backward),
      options_(at::TensorOptions(at::kFloat).device(device)),
      kept_(static_cast<size_t>(a.num_hidden_layers)) {}

uint64_t TorchPast::Bytes(const Architecture& a, int64_t capacity, bool keeps_for_backward) {
  int64_t width = a.num_hidden_layers * 2 * a.num_key_value_heads * a.head_size;
  if (keeps_for_backward) {
    // Queries, keys and values, and once more where their heads are normed; context, both norms, the feed-forward's
    // slopes.
    const int64_t qkv = (a.names.query_norm.empty() ? 1 : 2) * a.query_key_value_size();
    const int64_t wide = (a.has_gate() ? 2 : 1) * a.intermediate_size;
    const int64_t rstd = 2 + a.num_attention_heads + a.num_key_value_heads;
    width = a.num_hidden_layers * (qkv + a.attention_size() + 2 * a.hidden_size + wide + rstd) + 4 * a.embedding_size +
            2 * a.hidden_size + 2;
  }
  return sizeof(float) * static_cast<uint64_t>(capacity * width);
}

at::Tensor TorchPast::Append(size_t layer, int64_t length, const at::Tensor& qkv) {
  at::Tensor& all = kept_[layer];
  if (!all.defined()) all = at::empty({capacity_, kept_width_}, options_);
  all.narrow(0, length, qkv.size(0)).copy_(qkv.narrow(1, qkv.size(1) - kept_width_, kept_width_));
  return all.narrow(0, 0, length + qkv.size(0)).narrow(1, kept_width_ - key_values_width_, key_values_width_);
}

SavedActivations TorchPast::Append(int64_t length, SavedActivations saved) {
  const int64_t end = length + saved.word.size(0);
  // Written while the layers ran.
  for (SavedLayer& layer : saved.layers) layer.qkv = at::Tensor();
  size_t index = 0;
  saved.ForEachPacked([&](at::Tensor* packed) {
    if (index == saved_.size()) saved_.emplace_back();
    at::Tensor& all = saved_[index++];
    if (!packed->defined()) return;
    if (!all.defined()) all = at::empty({capacity_, packed->size(1)}, options_);
    all.narrow(0, length, packed->size(0)).copy_(*packed);
    *packed = all.narrow(0, 0, end);
  });
  for (size_t l = 0; l < saved.layers.size(); ++l) saved.layers[l].qkv = kept_[l].narrow(0, 0, end);
  return saved;
}

}  // namespace limpid::engine
