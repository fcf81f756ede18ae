#pragma once

#include <string>
#include <string_view>

#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The texts an answer is about, as they were sent.
struct SentTexts {
  std::string_view text;
  std::string_view pair;

  // The text that `sequence` (0 or 1) counts into; empty for special tokens.
  std::string_view Of(int32_t sequence) const;
};

// The piece of the original text that `unit` stands for; empty if it lies beyond it, as what is generated but not
// final.
std::string_view Slice(const SentTexts& texts, const v1::Unit& unit);

// What to call `unit` in a list, visible: its piece of text without spaces around it or, where there is none, the
// spelling of its tokens.
std::string UnitLabel(const SentTexts& texts, const v1::Prediction& prediction, const v1::Unit& unit);

// Largest |score| of the units that stand for text, which the scale of colours and bars ends at: special tokens often
// gather much more than any word. 0 if there is none.
double LargestTextScore(const v1::Attribution& attribution);

}  // namespace limpid::client
