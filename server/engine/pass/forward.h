#pragma once

#include "engine/models/architecture.h"
#include "engine/pass/encoder_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/pass/saved.h"

namespace limpid::engine {

// The encoder from token ids to last hidden state (post-norm, Vaswani et al. 2017). The numbered steps are undone in
// reverse by backward.cc.
SavedActivations Forward(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch);

}  // namespace limpid::engine
