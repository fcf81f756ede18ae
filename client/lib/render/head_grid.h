#pragma once

#include <string>

#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// Layers down, heads across; each score as a percentage of the largest, which the first line names. "No scores." if
// there is none.
std::string HeadGrid(const v1::HeadScores& heads, const Palette& palette);

}  // namespace limpid::client
