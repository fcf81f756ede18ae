#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "text/tokenizer.h"

namespace limpid::methods {

// Which entries of the vocabulary may be put in the place of a token: no special ones, none left free ("[unused12]");
// `pieces`, which go on with a word (text::GoesOn), only for pieces, others only for others. Masks of
// [ModelCard::vocab_size], as engine::SubstitutionSearch has them.
//
// Made by each search for itself: spelling 30 000 entries takes tens of milliseconds, a search's passes take hundreds,
// and nothing then has to know when a model is replaced by another.
struct AllowedWords {
  // `words_only`: of letters only, and no pieces.
  AllowedWords(const text::Tokenizer& tokenizer, const engine::ModelCard& model, bool words_only);

  std::shared_ptr<const std::vector<uint8_t>> words, pieces;
};

}  // namespace limpid::methods
