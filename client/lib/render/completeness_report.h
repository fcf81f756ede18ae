#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/gather.h"
#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// How near the scores come to the difference that they shall sum to; of an integral also its refinement error, whether
// both are within the tolerance, and, where refinements came, the errors at each number of nodes. Empty for methods
// that promise no sum. `method` is the one that `attribution` answers.
std::string CompletenessReport(const v1::Method& method, const v1::Attribution& attribution,
                               const std::vector<v1::Attribution>& refinements, const Palette& palette, size_t columns);

}  // namespace limpid::client
