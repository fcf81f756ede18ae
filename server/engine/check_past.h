#pragma once

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::engine {

// The part of CheckRow (check.h) about what a row goes on from: of a causal model, with all its new tokens' places
// still free, and wanting nothing of the tokens that are not run again but what the backward pass gives.
absl::Status CheckPast(const ModelCard& card, const Row& row);

}  // namespace limpid::engine
