#include "lib/request/input.h"

#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lib/utf8.h"

namespace limpid::client {
namespace {

absl::StatusOr<v1::Truncation> ParseTruncation(const std::string& name) {
  if (name == "error") return v1::TRUNCATION_ERROR;
  if (name == "longest_first") return v1::TRUNCATION_LONGEST_FIRST;
  if (name == "only_first") return v1::TRUNCATION_ONLY_FIRST;
  if (name == "only_second") return v1::TRUNCATION_ONLY_SECOND;
  return absl::InvalidArgumentError(
      absl::StrCat("--truncation ", name, ": not one of error, longest_first, only_first, only_second"));
}

// A line end is what `echo` and editors add, not what the model is asked about.
std::string ReadAll(std::istream& in) {
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  absl::string_view text = all;
  if (absl::ConsumeSuffix(&text, "\n")) absl::ConsumeSuffix(&text, "\r");
  return std::string(text);
}

}  // namespace

absl::Status CheckUtf8(absl::string_view text, absl::string_view field) {
  const std::optional<size_t> bad = FindInvalidUtf8({text.data(), text.size()});
  if (!bad.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": not UTF-8 from byte ", *bad, " on"));
}

absl::StatusOr<v1::Input> MakeInput(const InputOptions& options, std::istream& standard_input) {
  const absl::StatusOr<v1::Truncation> truncation = ParseTruncation(options.truncation);
  if (!truncation.ok()) return truncation.status();
  v1::Input input;
  input.set_truncation(*truncation);
  input.set_text(options.text == "-" ? ReadAll(standard_input) : options.text);
  if (const absl::Status valid = CheckUtf8(input.text(), "TEXT"); !valid.ok()) return valid;
  if (options.pair.has_value()) {
    if (const absl::Status valid = CheckUtf8(*options.pair, "--pair"); !valid.ok()) return valid;
    input.set_text_pair(*options.pair);
  }
  return input;
}

}  // namespace limpid::client
