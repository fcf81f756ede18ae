#pragma once

#include <string>

#include "lib/render/palette.h"
#include "lib/render/unit_text.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The tokens that a model for token classification gives a label other than "O", with its share, in the order of the
// text; and which token the classes above are of.
std::string TokenClassesReport(const SentTexts& texts, const v1::Prediction& prediction, const Palette& palette);

// The answer of a model for question answering, as it stands in the text.
std::string AnswerReport(const SentTexts& texts, const v1::Prediction& prediction, const Palette& palette);

}  // namespace limpid::client
