#pragma once

#include <cstddef>
#include <string>

#include "lib/render/palette.h"
#include "lib/render/unit_text.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What a search for edits found: how far it is proven, the decision and its margin before and after, the text with each
// edit at its place ("[old -> new]", "[-taken out]"), long stretches without edits left out, and the text after them
// on a line of its own. `attribution` has edits.
std::string EditsReport(const v1::Attribution& attribution, const SentTexts& texts, const v1::Prediction& prediction,
                        const Palette& palette, size_t columns);

}  // namespace limpid::client
