#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <vector>

#include "engine/models/architecture.h"
#include "engine/pass/packed_batch.h"

namespace limpid::engine {

// Of each row the token that the head reads, counted among the row's tokens in the batch. The head must read one.
std::vector<int64_t> HeadQueries(const Architecture& architecture, const PackedBatch& batch);

// Where those of the first `num_rows` rows lie in the batch: [num_rows] int64.
at::Tensor HeadPlaces(const Architecture& architecture, const PackedBatch& batch, int64_t num_rows);

// Rows of `packed` [total_tokens, width] that these tokens have: [rows, width].
at::Tensor PickTokens(const PackedBatch& batch, const std::vector<int64_t>& tokens, const at::Tensor& packed);

}  // namespace limpid::engine
