#pragma once

#include <string>

#include "lib/render/palette.h"
#include "lib/render/unit_text.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// "title       text", the title in bold: the first line of every part of a report.
std::string TitleLine(std::string_view title, std::string_view text, const Palette& palette);

// The class's label, visible, or "class 3" where it has none.
std::string ClassLabel(const v1::ClassScores& classes, int index);

// What the model says: the class with all classes as bars (the best of many), the labels of tokens, an answer, a
// regression's values, or the embedding's first values; and a note if the text was shortened.
std::string PredictionReport(const SentTexts& texts, const v1::Prediction& prediction, const Palette& palette);

// Where the time went, the size of the work, the model and its weights.
std::string SummaryReport(const v1::Summary& summary, const Palette& palette);

}  // namespace limpid::client
