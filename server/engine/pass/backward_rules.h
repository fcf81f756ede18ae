#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/ops/gated.h"
#include "engine/ops/linear.h"
#include "engine/ops/norm.h"
#include "engine/row.h"

namespace limpid::engine {

// How a cotangent passes what is not linear. The linear layers and the softmax are the same under every rule.
struct BackwardRules {
  // The forward pass's, because of the slopes that they keep.
  decltype(&ActivatedLinearForward) activated_linear_forward;
  decltype(&GatedLinearForward) gated_linear_forward;
  decltype(&AddNormVjp) add_norm_vjp;
  // Changes dF/dqkv [tokens, query_key_value_size], in place; queries and keys are its first `query_key_size` columns.
  void (*adjust_attention)(at::Tensor* grad_qkv, int64_t query_key_size);
};

// The rule must be one that HasLrp allows.
const BackwardRules& RulesOf(BackwardRule rule);

// Whether relevance propagation was built in (CMake option LIMPID_LRP).
bool HasLrp();

}  // namespace limpid::engine
