#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/models/architecture.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/model_weights.h"
#include "engine/pass/saved.h"

namespace limpid::engine {

// A layer before and after its attention; forward.cc and backward.cc have what lies between. In the post-norm form
// (Vaswani et al. 2017) m = norm(h + o(context)), h' = norm(m + f(m)); with norms first m = h + o(context), h' = m +
// f(norm(m)), and the attention reads norm(h). `saved` receives what the vjp needs, by the rules of `rules`; null:
// nothing is kept.

// What attention reads, [tokens, hidden].
at::Tensor BeforeAttention(const Architecture& architecture, const LayerWeights& weights, const at::Tensor& hidden,
                           SavedLayer* saved);

// From attention's output to the layer's: hidden, the layer's own input [tokens, hidden], and context [tokens,
// attention_size].
at::Tensor AfterAttention(const Architecture& architecture, const LayerWeights& weights, const BackwardRules& rules,
                          const at::Tensor& hidden, const at::Tensor& context, SavedLayer* saved);

// A gradient as the sum of what came through a product and what the residual connection passed beside it; the op that
// reads it adds the two while it has them at hand.
struct ResidualGrad {
  at::Tensor product;
  at::Tensor residual = {};  // undefined: there is none
};

struct AfterAttentionGrad {
  at::Tensor context;  // dF/dcontext
  at::Tensor hidden;   // dF/dhidden without what comes through the attention
};
AfterAttentionGrad AfterAttentionVjp(const Architecture& architecture, const LayerWeights& weights,
                                     const BackwardRules& rules, const SavedLayer& saved,
                                     const ResidualGrad& grad_output);

// dF/dhidden of the whole layer from dF/d(what attention reads) and AfterAttentionGrad::hidden.
ResidualGrad BeforeAttentionVjp(const Architecture& architecture, const LayerWeights& weights,
                                const BackwardRules& rules, const SavedLayer& saved, at::Tensor grad_input,
                                at::Tensor grad_hidden);

}  // namespace limpid::engine
