#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "explain/event.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// INVALID_ARGUMENT naming the span, of the list `field`: outside its text, empty, or not behind the one before it.
absl::Status CheckSpans(const std::vector<Span>& spans, const Input& input, const std::string& field = "spans");

// What the scores of an answer stand for, in the order of the text: the tokens, or the words, sentences or spans they
// belong to. A special token is a unit of its own, as is a token of which no word is known (ids that the caller chose).
// A token outside of all spans is in the unit of its word.
std::vector<Unit> MakeUnits(const text::Encoding& encoding, Granularity granularity, const Input& input,
                            std::span<const Span> spans);

// The sum of its tokens' scores, or of their sizes, for each unit.
std::vector<float> ScoresByUnit(const std::vector<float>& token_scores, const std::vector<Unit>& units,
                                Aggregation aggregation);

}  // namespace limpid::explain
