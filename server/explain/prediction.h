#pragma once

#include <vector>

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/model.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// softmax of the logits; the sigmoid of each for a multi-label model; empty for regression and where there are none.
std::vector<float> Probabilities(const engine::ModelCard& model, const std::vector<float>& logits);

// log of the sum of exp(logit); of at least one.
double LogSumExp(const std::vector<float>& logits);

// The `count` best tokens by a language model's logits, best first.
std::vector<RankedToken> BestTokens(const std::vector<float>& logits, size_t count, const text::Tokenizer& tokenizer);

// What leaves of a prediction.
PredictionEvent MakePredictionEvent(const Model& model, const text::Encoding& encoding, const engine::Target& target,
                                    const engine::Prediction& prediction);

// INTERNAL if a number is not finite. INVALID_ARGUMENT if the class that was to be contrasted with the foil turned out
// to be the foil.
absl::Status CheckPrediction(const engine::Prediction& prediction, const engine::Target& target);

}  // namespace limpid::explain
