#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "text/tokenizer.h"

namespace limpid::text {

// The text of tokens that come one by one, special ones left out. What Append and Flush return is, joined, the
// Tokenizer::Decode of all ids. Only where bytes never become UTF-8 may it differ: a decoder may then make U+FFFD of
// characters before them too, which are returned already.
//
// Decodes a window: a decoder may read a token otherwise behind another one (the first loses its space), so that new
// text is what the window's end adds to the text of its beginning. The method is that of text-generation-inference and
// vLLM. For one thread at a time; `tokenizer` must outlive it.
class IncrementalDecoder {
 public:
  explicit IncrementalDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // What has become final with this token: nothing while the text ends in the midst of a character. Never a part of
  // one. An id outside the vocabulary is INVALID_ARGUMENT and counts for nothing.
  absl::StatusOr<std::string> Append(int32_t id);

  // What is held back still, as it is.
  absl::StatusOr<std::string> Flush();

 private:
  absl::StatusOr<std::string> NewText() const;
  void MoveOn();

  const Tokenizer& tokenizer_;
  // The first `num_read_` are returned already, and are what the rest is read behind.
  std::vector<int32_t> window_;
  size_t num_read_ = 0;
};

}  // namespace limpid::text
