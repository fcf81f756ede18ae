#include "base/status_macros.h"
#include "methods/lib/reduction.h"
#include "methods/lib/search_method.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// As many words out as the decision bears, the least important first (Feng et al. 2018).
absl::StatusOr<std::unique_ptr<explain::Method>> CreateInputReduction(const v1::InputReduction& options) {
  EditOptions read = {.has_deletions = true};
  ABSL_ASSIGN_OR_RETURN(read.limits, ReadEditLimits(options.limits(), kAllEdits));
  return std::make_unique<SearchMethod<Reduction>>(std::move(read));
}

const Registration kRegistration(v1::Method::kInputReduction, [](const v1::Method& method) {
  return CreateInputReduction(method.input_reduction());
});

}  // namespace
}  // namespace limpid::methods
