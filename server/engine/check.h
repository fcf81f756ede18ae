#pragma once

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::engine {

// Whether a row can be run on the model of this card; see Engine::Check.
absl::Status CheckRow(const ModelCard& card, const Row& row);

// INTERNAL if a number is NaN or infinite: an answer that is none must not look like one.
absl::Status CheckFinite(const Prediction& prediction);
absl::Status CheckFiniteGradients(const RowResult& result);

}  // namespace limpid::engine
