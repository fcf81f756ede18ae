#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The `top` (default ten) strongest pairs of a token of the input and one of the other text, "cat ~ dog" with a bar and
// their score; special tokens are left to a last line with their share. `attribution` has a matrix.
std::string TokenPairs(const v1::Attribution& attribution, const v1::Prediction& prediction, std::optional<size_t> top,
                       const Palette& palette);

}  // namespace limpid::client
