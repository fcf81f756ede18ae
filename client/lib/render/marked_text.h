#pragma once

#include <string_view>
#include <vector>

#include "lib/render/wrapped.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// `text` (the one that `sequence` counts into) with each edit at its place: "[old -> new]", or "[-old]" of neighbours
// taken out together. Of what stays or goes, only the words next to an edit's ends are kept. Empty without edits there.
std::vector<Stretch> MarkedText(const v1::Edits& edits, std::string_view text, int32_t sequence);

}  // namespace limpid::client
