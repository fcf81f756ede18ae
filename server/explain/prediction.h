#pragma once

#include <vector>

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::explain {

// softmax of the logits; the sigmoid of each for a multi-label model; empty for regression and embeddings.
std::vector<float> Probabilities(const engine::ModelCard& model, const std::vector<float>& logits);

// INTERNAL if a number is not finite. INVALID_ARGUMENT if the class that was to be contrasted with the foil turned out
// to be the foil.
absl::Status CheckPrediction(const engine::Prediction& prediction, const engine::Target& target);

}  // namespace limpid::explain
