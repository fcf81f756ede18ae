#include "base/status_macros.h"
#include "methods/lib/edit_search.h"
#include "methods/lib/options.h"
#include "methods/lib/search_method.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// Substitutions of tokens that turn the decision (Ebrahimi et al. 2018), found by first-order estimates and verified.
absl::StatusOr<std::unique_ptr<explain::Method>> CreateHotFlip(const v1::HotFlip& options) {
  EditOptions read = {.words_only = options.words_only(), .has_substitutions = true};
  ABSL_ASSIGN_OR_RETURN(read.limits, ReadEditLimits(options.limits(), kDefaultEdits));
  ABSL_ASSIGN_OR_RETURN(read.candidates, ReadCandidates(options.candidates()));
  return std::make_unique<SearchMethod<EditSearch>>(std::move(read));
}

const Registration kRegistration(v1::Method::kHotFlip,
                                 [](const v1::Method& method) { return CreateHotFlip(method.hot_flip()); });

}  // namespace
}  // namespace limpid::methods
