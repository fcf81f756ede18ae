#pragma once

#include <vector>

#include "explain/event.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What the scores of an answer stand for, in the order of the text: the tokens, or the words they belong to. A special
// token is a unit of its own, as is a token of which no word is known (ids that the caller chose).
std::vector<Unit> MakeUnits(const text::Encoding& encoding, Granularity granularity);

// The sum of its tokens' scores for each unit.
std::vector<float> SumByUnit(const std::vector<float>& token_scores, const std::vector<Unit>& units);

}  // namespace limpid::explain
