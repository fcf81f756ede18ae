#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/encoder_weights.h"
#include "engine/pass/saved.h"

namespace limpid::engine {

// Steps 3 to 5 of a layer (see forward.cc), from attention's output to the layer's: output projection, residual, norm,
// feed-forward, residual, norm. input, the layer's own, and context [tokens, hidden]. `saved` receives what the vjp
// needs, by the rules of `rules`; null: nothing is kept.
at::Tensor AfterAttention(const Architecture& architecture, const LayerWeights& weights, const BackwardRules& rules,
                          const at::Tensor& input, const at::Tensor& context, SavedLayer* saved);

}  // namespace limpid::engine
