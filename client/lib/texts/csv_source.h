#pragma once

#include <istream>
#include <memory>

#include "absl/status/statusor.h"
#include "lib/texts/text_source.h"

namespace limpid::client {

// The texts of a table with a header (csv.h). A record with more or fewer fields than the header has a problem: a comma
// outside of quotes would cut its text.
absl::StatusOr<std::unique_ptr<TextSource>> MakeCsvSource(const TextColumns& columns, std::istream* in);

}  // namespace limpid::client
