#pragma once

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::engine {

// The part of CheckRow that concerns what a row changes inside the pass (alteration, positions, replaced hidden
// states, rules of the backward pass), and what Wanted contracts with such changes. The row's ids are valid.
absl::Status CheckInterventions(const ModelCard& card, const Row& row);

}  // namespace limpid::engine
