#pragma once

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::engine {

// Whether a row can be run on the model of this card; see Engine::Check.
absl::Status CheckRow(const ModelCard& card, const Row& row);

}  // namespace limpid::engine
