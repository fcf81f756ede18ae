#include "engine/pass/packed_batch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <numeric>

namespace limpid::engine {

PackedBatch Pack(std::span<const Row* const> rows, at::Device device, PackedTokens tokens) {
  PackedBatch batch;
  batch.row_indices.resize(rows.size());
  std::iota(batch.row_indices.begin(), batch.row_indices.end(), size_t{0});
  const auto middle = std::stable_partition(batch.row_indices.begin(), batch.row_indices.end(),
                                            [&](size_t i) { return rows[i]->wanted.needs_backward(); });
  batch.num_backward = middle - batch.row_indices.begin();
  if (batch.num_backward > 0) batch.backward_rule = rows[batch.row_indices.front()]->backward_rule;

  batch.keeps_activations = batch.num_backward > 0;

  batch.cu_seqlens.push_back(0);
  for (size_t i : batch.row_indices) {
    batch.rows.push_back(rows[i]);
    batch.past_lengths.push_back(tokens == PackedTokens::kNew ? rows[i]->past_length : 0);
    const int64_t length = static_cast<int64_t>(rows[i]->token_ids.size()) - batch.past_lengths.back();
    batch.cu_seqlens.push_back(batch.cu_seqlens.back() + length);
  }
  const auto options = at::TensorOptions(at::kLong);
  at::Tensor ids = at::empty({batch.total_tokens()}, options), types = at::empty_like(ids),
             positions = at::empty_like(ids);
  for (int64_t r = 0; r < batch.size(); ++r) {
    const Row& row = *batch.rows[static_cast<size_t>(r)];
    const int64_t first = batch.begun_at(r);
    std::copy(row.token_ids.begin() + first, row.token_ids.end(), ids.data_ptr<int64_t>() + batch.begin(r));
    std::copy(row.type_ids.begin() + first, row.type_ids.end(), types.data_ptr<int64_t>() + batch.begin(r));
    int64_t* position = positions.data_ptr<int64_t>() + batch.begin(r);
    std::iota(position, position + batch.length(r), first);
    std::copy(row.positions.begin(), row.positions.end(), position);
    if (!row.positions.empty()) batch.host_positions = positions;
  }
  batch.token_ids = ids.to(device);
  batch.type_ids = types.to(device);
  batch.positions = positions.to(device);
  return batch;
}

}  // namespace limpid::engine
