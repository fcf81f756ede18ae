#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"

// The canary: an explanation whose answer is known, by which a server notices that what it computes has become wrong.
// Its truth is the engine's reference pass at load, its question the same row by every kernel that serves requests.
namespace limpid::explain {

// A row of `length` tokens that runs through all that a request can ask of the model, backward pass included. The same
// ids every time, spread over the vocabulary.
engine::Row CanaryRow(const engine::ModelCard& model, size_t length);

// So long is the canary's own row, or as long as the model allows.
inline constexpr size_t kCanaryTokens = 24;

// What the row of kCanaryTokens answers.
struct CanaryAnswer {
  std::vector<float> prediction;            // logits or embedding, then the target's value
  std::vector<std::vector<float>> outputs;  // what methods read, an array each
};

// INTERNAL if a number is not finite.
absl::StatusOr<CanaryAnswer> AnswerOf(const engine::RowResult& result);

// INTERNAL, saying what differs by how much, unless each element of an output is within 1e-3 of `known`, relative to
// the output's largest, and each number of the prediction within 1e-4, relative to 1 or its largest. Fp32 on any kernel
// is a hundred times closer; what these bounds catch are wrong numbers, not rounding.
absl::Status CompareCanary(const CanaryAnswer& known, const CanaryAnswer& answer);

}  // namespace limpid::explain
