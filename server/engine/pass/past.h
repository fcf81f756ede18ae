#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/models/architecture.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

namespace limpid::engine {

// Keys and values of a growing sequence (the key/value cache), or all that the forward pass saves of it.
class TorchPast final : public Past {
 public:
  TorchPast(const Architecture& architecture, int64_t capacity, bool keeps_for_backward, at::Device device);

  bool keeps_for_backward() const { return keeps_for_backward_; }
  int64_t capacity() const { return capacity_; }
  static uint64_t Bytes(const Architecture& architecture, int64_t capacity, bool keeps_for_backward);

  // Writes the keys and values in qkv [new tokens, query_key_value_size] behind the first `length` tokens. Returns
  // those of all: a view, [length + new tokens, 2 * key_value_heads * head_size].
  at::Tensor Append(size_t layer, int64_t length, const at::Tensor& qkv);

  // Writes what was saved of the new tokens of a pass behind the first `length`. Returns what a pass over all would
  // have saved: views.
  SavedActivations Append(int64_t length, SavedActivations saved);

 private:
  const int64_t capacity_, key_values_width_, kept_width_;
  const bool keeps_for_backward_;
  const at::TensorOptions options_;
  // Per layer [capacity, kept_width]: keys and values, behind the queries where a backward pass needs those too.
  std::vector<at::Tensor> kept_;
  std::vector<at::Tensor> saved_;  // [capacity, ...], in the order of SavedActivations::ForEachPacked; all but qkv
};

// The past of a row, which must have one.
inline TorchPast& PastOf(const Row& row) { return static_cast<TorchPast&>(*row.past); }

}  // namespace limpid::engine
