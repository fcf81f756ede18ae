#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "lib/render/palette.h"
#include "lib/render/unit_text.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The pieces of text with a bar and their score, a line each: the `top` strongest with the strongest first. Without
// `top`: beside a heatmap (a palette with colour) the five strongest, else all in the order of the text, or the twenty
// strongest of a long one. Special tokens are left to SpecialTokensLine.
std::string ScoreList(const v1::Attribution& attribution, const SentTexts& texts, const v1::Prediction& prediction,
                      std::optional<size_t> top, const Palette& palette);

// What the special tokens got, and their share of the whole. Empty if there are none.
std::string SpecialTokensLine(const v1::Attribution& attribution, const v1::Prediction& prediction,
                              const Palette& palette);

}  // namespace limpid::client
