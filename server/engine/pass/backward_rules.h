#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/row.h"

namespace limpid::engine {

// How a cotangent passes what is not linear. The linear layers and the softmax are the same under every rule.
struct BackwardRules {
  // The forward pass's, because of the slope that it keeps.
  decltype(&ActivatedLinearForward) activated_linear_forward;
  decltype(&AddLayerNormVjp) add_layer_norm_vjp;
  // Changes dF/dqkv [tokens, 3 * hidden], in place.
  void (*adjust_attention)(at::Tensor* grad_qkv);
};

// The rule must be one that HasLrp allows.
const BackwardRules& RulesOf(BackwardRule rule);

// Whether relevance propagation was built in (CMake option LIMPID_LRP).
bool HasLrp();

}  // namespace limpid::engine
