#include "text/incremental_decoder.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/status_macros.h"

namespace limpid::text {
namespace {

// What stands for bytes that are no UTF-8, those of a character that has only begun too.
constexpr std::string_view kReplacementCharacter = "\uFFFD";

size_t NumCodePoints(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view WithoutFirst(std::string_view text, size_t num_code_points) {
  const auto begin = std::ranges::find_if(text, [&](char c) { return (c & 0xC0) != 0x80 && num_code_points-- == 0; });
  return {begin, text.end()};
}

}  // namespace

absl::StatusOr<std::string> IncrementalDecoder::Append(int32_t id) {
  window_.push_back(id);
  absl::StatusOr<std::string> text = NewText();
  if (!text.ok()) {
    window_.pop_back();
    return text;
  }
  if (text->ends_with(kReplacementCharacter)) return std::string();
  if (!text->empty()) MoveOn();
  return text;
}

absl::StatusOr<std::string> IncrementalDecoder::Flush() {
  ABSL_ASSIGN_OR_RETURN(std::string text, NewText());
  MoveOn();
  return text;
}

absl::StatusOr<std::string> IncrementalDecoder::NewText() const {
  ABSL_ASSIGN_OR_RETURN(const std::string all, tokenizer_.Decode(window_, /*skip_special_tokens=*/true));
  ABSL_ASSIGN_OR_RETURN(const std::string read, tokenizer_.Decode(std::span(window_).first(num_read_), true));
  // Not in bytes: a character of what is read may be U+FFFD by now, where a byte follows that fits none.
  return std::string(WithoutFirst(all, NumCodePoints(read)));
}

void IncrementalDecoder::MoveOn() {
  window_.erase(window_.begin(), window_.begin() + static_cast<ptrdiff_t>(num_read_));
  num_read_ = window_.size();
}

}  // namespace limpid::text
