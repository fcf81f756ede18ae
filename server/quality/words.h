#pragma once

#include <vector>

#include "absl/status/status.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"
#include "explain/removal.h"
#include "explain/request.h"

namespace limpid::quality {

// The words of a text as what can be taken out of it, by their token ids: tokens of which no word is known count as
// words, special tokens are in none and stay. Refers to the input it was made of.
class Words {
 public:
  Words(const explain::MethodInput& input, explain::Replacement replacement);

  // INVALID_ARGUMENT if the vocabulary lacks the replacement, if there is no word, or if nothing would be left without
  // any.
  absl::Status Check() const;

  // To be run for its prediction: only the marked words ([words]) are left. The classes are those of the whole text.
  engine::Row Only(const std::vector<bool>& is_kept, const engine::Prediction& whole) const;

  // The sum of the word's token scores, or of their sizes, as the request wants it. [words]
  std::vector<float> Scores(const std::vector<float>& token_scores) const;

  // [T]: the word's value for each of its tokens, `elsewhere` for those of no word.
  std::vector<float> OverTokens(const std::vector<float>& values, float elsewhere) const;

  size_t size() const { return units_.size(); }
  const explain::MethodInput& input() const { return input_; }
  explain::Replacement replacement() const { return removal_.replacement(); }

 private:
  const explain::MethodInput& input_;
  const std::vector<explain::Unit> units_;
  const explain::Removal removal_;
};

}  // namespace limpid::quality
