#pragma once

#include <memory>

#include "absl/status/status.h"
#include "explain/method.h"
#include "explain/request.h"

// The list of methods, in the order of MethodSpec's alternatives; each is made in the file of its name.
namespace limpid::explain {

std::unique_ptr<Method> Make(const SaliencySpec& spec);
std::unique_ptr<Method> Make(const GradientXInputSpec& spec);
std::unique_ptr<Method> Make(const AttentionRolloutSpec& spec);
std::unique_ptr<Method> Make(const GradientWeightedAttentionSpec& spec);
std::unique_ptr<Method> Make(const GradientXAttentionSpec& spec);
std::unique_ptr<Method> Make(const HeadImportanceSpec& spec);
std::unique_ptr<Method> Make(const OcclusionSpec& spec);
std::unique_ptr<Method> Make(const SequentialIntegratedGradientsSpec& spec);

// INVALID_ARGUMENT if the text has no token of this index.
absl::Status CheckQueryToken(uint32_t query_token, const MethodInput& input);

}  // namespace limpid::explain
