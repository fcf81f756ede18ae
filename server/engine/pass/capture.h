#pragma once

#include <vector>

#include "engine/pass/backward.h"
#include "engine/pass/layer_taps.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"
#include "engine/row.h"

namespace limpid::engine {

// Shares the memory of a contiguous tensor on the CPU.
HostTensor ToHost(const at::Tensor& tensor);

// What Capture takes from packed tensors, at one stroke: a copy a row would be as many waits for the device.
void BringToHost(const PackedBatch& batch, SavedActivations* saved, Gradients* gradients);

// The one place that asks "is this wanted?" when a pass is over: hands out what each row's Wanted names. On the CPU a
// result shares the pass's memory where it lies contiguous for that row (attention maps, gradients).
// Results in packed order; `gradients` is null if no row needed a backward pass.
std::vector<RowResult> Capture(const PackedBatch& batch, const SavedActivations& saved, const LayerTaps& taps,
                               const Gradients* gradients, std::vector<Prediction> predictions);

}  // namespace limpid::engine
