#include "base/status_macros.h"
#include "methods/lib/edit_search.h"
#include "methods/lib/options.h"
#include "methods/lib/search_method.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// The fewest words taken out or tokens replaced that turn the decision.
absl::StatusOr<std::unique_ptr<explain::Method>> CreateCounterfactual(const v1::Counterfactual& options) {
  if (options.no_deletions() && options.no_substitutions()) {
    return absl::InvalidArgumentError("no_substitutions: is set beside no_deletions, which leaves no edits");
  }
  EditOptions read = {.words_only = options.words_only(),
                      .has_substitutions = !options.no_substitutions(),
                      .has_deletions = !options.no_deletions()};
  ABSL_ASSIGN_OR_RETURN(read.limits, ReadEditLimits(options.limits(), kDefaultEdits));
  ABSL_ASSIGN_OR_RETURN(read.candidates, ReadCandidates(options.candidates()));
  return std::make_unique<SearchMethod<EditSearch>>(std::move(read));
}

const Registration kRegistration(v1::Method::kCounterfactual, [](const v1::Method& method) {
  return CreateCounterfactual(method.counterfactual());
});

}  // namespace
}  // namespace limpid::methods
