#pragma once

#include <string>

#include "lib/json.h"
#include "lib/sanity/randomization_test.h"

namespace limpid::client {

// A table, a line a method and a column a stage; what was left out; and a sentence for each method that hardly depends
// on the weights. "-" where there is no correlation.
std::string SanityReport(const SanityResult& result);

// {"texts", "stages", "methods": [{"method", "correlations", "hardly_depends_on_weights"}], "methods_without_scores",
// "short_texts": [{"text", "method", "units"}]}; null where there is no correlation.
Json SanityJson(const SanityResult& result);

}  // namespace limpid::client
