#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "explain/stop_strings.h"
#include "text/incremental_decoder.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// The text that generated tokens make, as far as it is final, and where each token stands in it. For one thread at a
// time; `tokenizer` must outlive it.
class GeneratedText {
 public:
  GeneratedText(const text::Tokenizer& tokenizer, std::vector<std::string> stops)
      : tokenizer_(tokenizer), decoder_(tokenizer), stops_(std::move(stops)) {}

  struct Added {
    text::Token token;  // with its offsets in the generated text, which counts as sequence 1
    std::string text;   // that is final now
  };
  absl::StatusOr<Added> Append(int32_t id);
  // What is still held back.
  absl::StatusOr<std::string> Flush();

  // All that was returned.
  const std::string& text() const { return text_; }
  bool has_stopped() const { return stops_.has_stopped(); }

 private:
  text::Token Place(text::Token token, const std::string& decoded);

  const text::Tokenizer& tokenizer_;
  text::IncrementalDecoder decoder_;
  StopStrings stops_;
  std::string text_;
  // Of what was decoded, which may be more than what is final.
  uint32_t num_bytes_ = 0, num_chars_ = 0;
  int32_t word_ = -1;
};

}  // namespace limpid::explain
