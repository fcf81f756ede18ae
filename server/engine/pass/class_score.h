#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::engine {

// Of the largest; the first of equals. `except` is passed over, -1: none.
int32_t ArgMax(std::span<const float> z, int32_t except);

// The score of class `c` in a form, from all logits `z`: log-probabilities and probabilities are softmax's, of a
// multi-label model the class's own sigmoid's.
double ClassScore(Score score, ModelCard::Task task, std::span<const float> z, int32_t c);

// Adds factor * dScore/dz to `gradient`, [z.size()].
void AddClassScoreGradient(Score score, ModelCard::Task task, std::span<const float> z, int32_t c, double factor,
                           std::vector<double>* gradient);

}  // namespace limpid::engine
