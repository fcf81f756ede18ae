#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// The target that a request means on this model: labels become indices, the default becomes what the task gives. The
// reference of a similarity is left empty. INVALID_ARGUMENT naming the field and what the model has instead.
absl::StatusOr<engine::Target> ResolveTarget(const TargetSpec& spec, const engine::ModelCard& model,
                                             const text::Tokenizer& tokenizer);

// A class by index or label, `unset` where the model is to decide. `field` names it in a refusal. A language model's
// classes are its tokens.
absl::StatusOr<int32_t> ResolveClass(const ClassRef& ref, int32_t unset, const engine::ModelCard& model,
                                     const text::Tokenizer& tokenizer, const std::string& field);

// In words, after the forward pass decided the classes: "logit of class 1 (declined)".
std::string DescribeTarget(const engine::Target& target, const engine::Prediction& prediction,
                           const engine::ModelCard& model, const text::Tokenizer& tokenizer);

// How the vocabulary spells a token.
std::string SpellingOf(const text::Tokenizer& tokenizer, int32_t id);

}  // namespace limpid::explain
