#pragma once

#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What the model shall read, as typed.
struct InputOptions {
  std::string text;  // "-": all of standard input but a line end at its end
  std::optional<std::string> pair;
  std::string truncation = "error";
};

// INVALID_ARGUMENT for text that is not UTF-8 (gRPC would refuse it without a word about why) or an unknown truncation.
absl::StatusOr<v1::Input> MakeInput(const InputOptions& options, std::istream& standard_input);

// INVALID_ARGUMENT naming `field` and the byte where `text` stops being UTF-8.
absl::Status CheckUtf8(absl::string_view text, absl::string_view field);

}  // namespace limpid::client
