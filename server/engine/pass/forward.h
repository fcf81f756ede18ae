#pragma once

#include <functional>

#include "engine/models/architecture.h"
#include "engine/pass/layer_taps.h"
#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"

namespace limpid::engine {

// Attention maps of longer rows, unless they are wanted themselves, are made again in the backward pass: kept for all
// layers they would need memory that grows with the square of the length.
inline constexpr int64_t kMaxKeptMapTokens = 512;

// The model from token ids to last hidden state, without its head. The numbered steps are undone in reverse by
// backward.cc.
//
// `taps` sees the hidden states between the layers; the layers before its first one are not run.
// `on_layer` is called when a layer's attention maps are final: SavedLayer::probs of layer `index`.
SavedActivations Forward(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                         LayerTaps* taps, const std::function<void(size_t index, const SavedLayer&)>& on_layer);

}  // namespace limpid::engine
