#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace limpid::client {

// Loads one after the other, as a person writes them: a comma list ("50,100,200"), or FROM:TO:STEPS, evenly spaced
// ("50:400:8"). Empty text: none. INVALID_ARGUMENT names `option`.
absl::StatusOr<std::vector<double>> ParseRates(const std::string& option, const std::string& text);

}  // namespace limpid::client
