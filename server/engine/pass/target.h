#pragma once

#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/row.h"

namespace limpid::engine {

// The scalar F on the model's output, on the host in double: outputs are a handful of numbers a row.

// Of a model that decides about each token, whose token_logits are there: the rest of its prediction. `outside` is the
// label of tokens that are nothing, or -1.
void ResolveTokenTarget(const Target& target, ModelCard::Task task, size_t classes, int32_t outside,
                        Prediction* prediction);

// dF/d(token_logits), as they are, of a resolved prediction.
std::vector<float> TokenTargetGradient(const Target& target, ModelCard::Task task, const Prediction& prediction);

// Sets class_index, foil_index and target_value of a classifier's prediction from its logits.
void ResolveClassTarget(const Target& target, ModelCard::Task task, Prediction* prediction);

// dF/dlogits [classes] of a resolved prediction.
std::vector<float> ClassTargetGradient(const Target& target, ModelCard::Task task, const Prediction& prediction);

// Cosine similarity of two vectors of one size; 0 if either is zero.
double CosineSimilarity(std::span<const float> a, std::span<const float> b);

// d cos(a, b) / da.
std::vector<float> CosineSimilarityGradient(std::span<const float> a, std::span<const float> b);

}  // namespace limpid::engine
