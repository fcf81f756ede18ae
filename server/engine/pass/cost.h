#pragma once

#include <cstddef>

#include "engine/engine.h"
#include "engine/models/architecture.h"

namespace limpid::engine {

// The tuned kernels have scores of some queries at a time, the portable path those of a sequence, the padded one
// (ops/padded_attention.h) those of a group of them.
enum class AttentionPath { kTuned, kPortable, kPadded };

// Engine::Cost. Products are counted as 2 operations a multiply-add; the backward pass has those of the forward pass
// for each linear layer, and twice those of attention. Memory is the sum of what saved.h keeps and of the largest
// temporaries beside it, with a fifth on top; tests/unit/engine/cost_test.cc holds it against what is allocated.
PassCost CostOf(const Architecture& architecture, size_t num_tokens, const Wanted& wanted, AttentionPath path);

}  // namespace limpid::engine
