#pragma once

#include <cstddef>
#include <string>

#include "lib/render/palette.h"
#include "lib/render/unit_text.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The original text (`sequence` 0) or text pair (1), each piece on paper tinted by its score, broken into indented
// lines of at most `columns`. What no unit covers (spaces, text cut off by truncation) is on plain paper. Line ends of
// the text end a line. Ends with a newline; empty for an empty text. Needs a palette with colour to say anything.
std::string Heatmap(const v1::Attribution& attribution, const SentTexts& texts, int32_t sequence,
                    const Palette& palette, size_t columns);

// One line that says what the tints mean.
std::string HeatmapLegend(const v1::Attribution& attribution, const Palette& palette);

}  // namespace limpid::client
