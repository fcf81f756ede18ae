#pragma once

#include "engine/pass/backward_rules.h"
#include "engine/row.h"

namespace limpid::engine {

// Relevance propagation as a backward pass with other local rules: attribution is then input * cotangent. Built only
// with the CMake option LIMPID_LRP, which says why.
//
// Common to both: a norm's standard deviation is a constant; an activation passes f(z) / z instead of f'(z), with its
// limit at 0 (1/2 for an activation that is half of its input there, 1 for tanh).
// kAttnLrp (Achtibat et al. 2024): each factor of a product takes its half, so that queries and keys, behind two
// products, pass a quarter and values a half; the softmax's rule is its gradient.
// kCpLrp (Ali et al. 2022): attention is a constant, queries and keys pass nothing.
const BackwardRules& LrpRulesOf(BackwardRule rule);

}  // namespace limpid::engine
