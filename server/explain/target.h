#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/request.h"

namespace limpid::explain {

// The target that a request means on this model: labels become indices, the default becomes what the task gives. The
// reference of a similarity is left empty. INVALID_ARGUMENT naming the field and what the model has instead.
absl::StatusOr<engine::Target> ResolveTarget(const TargetSpec& spec, const engine::ModelCard& model);

// In words, after the forward pass decided the classes: "logit of class 1 (declined)".
std::string DescribeTarget(const engine::Target& target, const engine::Prediction& prediction,
                           const engine::ModelCard& model);

}  // namespace limpid::explain
