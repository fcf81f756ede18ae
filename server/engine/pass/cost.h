#pragma once

#include <cstddef>

#include "engine/engine.h"
#include "engine/models/architecture.h"

namespace limpid::engine {

// Engine::Cost. Products are counted as 2 operations a multiply-add; the backward pass has those of the forward pass
// for each linear layer, and twice those of attention. Memory is the sum of what saved.h keeps and of the largest
// temporaries beside it, with a fifth on top; tests/unit/engine/cost_test.cc holds it against what is allocated.
// `is_tuned`: attention is the tuned kernels', which has scores of some queries at a time.
PassCost CostOf(const Architecture& architecture, size_t num_tokens, const Wanted& wanted, bool is_tuned);

}  // namespace limpid::engine
