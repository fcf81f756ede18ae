#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/row.h"

namespace limpid::engine {

// Rows laid end to end, never padded. Rows that need a gradient come first, so that the backward pass runs on the
// leading tokens of what the forward pass saved.
struct PackedBatch {
  std::vector<const Row*> rows;                          // in packed order
  std::vector<size_t> row_indices;                       // where each came from in the caller's list
  std::vector<int64_t> cu_seqlens;                       // [rows + 1], starts at 0
  std::vector<int64_t> past_lengths;                     // [rows]: tokens of each that are not in the batch
  int64_t num_backward = 0;                              // leading rows that need a gradient
  bool keeps_activations = false;                        // for a backward pass, now or of a row that goes on
  BackwardRule backward_rule = BackwardRule::kGradient;  // theirs
  at::Tensor token_ids;                                  // [total_tokens] int64, as the next two
  at::Tensor type_ids;
  at::Tensor positions;
  at::Tensor host_positions;  // the same in host memory; undefined where no row leaves tokens out

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
  int64_t begin(int64_t row) const { return cu_seqlens[static_cast<size_t>(row)]; }
  int64_t length(int64_t row) const { return cu_seqlens[static_cast<size_t>(row) + 1] - begin(row); }
  // Where in its sequence the row's first token is.
  int64_t begun_at(int64_t row) const { return past_lengths[static_cast<size_t>(row)]; }
  int64_t total_tokens() const { return cu_seqlens.back(); }
  int64_t backward_tokens() const { return cu_seqlens[static_cast<size_t>(num_backward)]; }
};

// Which tokens of rows that go on from a past are packed.
enum class PackedTokens { kNew, kAll };

// The rows that need a gradient must have one rule.
PackedBatch Pack(std::span<const Row* const> rows, at::Device device, PackedTokens tokens = PackedTokens::kNew);

}  // namespace limpid::engine
