#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "explain/explainer.h"
#include "explain/model.h"
#include "explain/request.h"
#include "schedule/admission.h"

namespace limpid::explain {

// Where a request says nothing, unless the model has fewer places left.
inline constexpr uint32_t kDefaultNewTokens = 64;

// OK if the model can be asked for this. INVALID_ARGUMENT naming the field.
absl::Status CheckGeneration(const GenerateRequest& request, const Model& model, const Limits& limits);

// What it may take, before anything of it is read.
schedule::Demand GuessDemand(const Model& model, const GenerateRequest& request);

}  // namespace limpid::explain
