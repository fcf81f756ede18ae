#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

// Rows of one input, which differ in what is asked of it only (several targets of one text), share its forward pass.
namespace limpid::engine {

// Indices of rows whose forward passes are the same, ascending; in the order of each group's first row.
std::vector<std::vector<size_t>> GroupByInput(std::span<const Row* const> rows);

struct SharedInputs {
  std::vector<const Row*> inputs;  // one row each, that wants what any of its rows does
  std::vector<size_t> input_of;    // per row
  std::deque<Row> owned;           // those of `inputs` that stand for several rows

  bool any() const { return inputs.size() < input_of.size(); }
};

SharedInputs ShareInputs(std::span<const Row* const> rows);

// Where each packed row of `rows` finds its input in the packed `inputs`.
std::vector<size_t> PackedInputs(const SharedInputs& shared, const PackedBatch& inputs, const PackedBatch& rows);

// What the forward pass of `inputs` saved, copied to where a forward pass of `rows` would have saved it.
SavedActivations SpreadOverRows(const PackedBatch& inputs, SavedActivations saved, const PackedBatch& rows,
                                const std::vector<size_t>& packed_inputs);

}  // namespace limpid::engine
