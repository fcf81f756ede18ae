#pragma once

#include <istream>
#include <memory>

#include "lib/texts/text_source.h"

namespace limpid::client {

// The texts of a file with one JSON object a line. Empty lines are passed over.
std::unique_ptr<TextSource> MakeJsonlSource(const TextColumns& columns, std::istream* in);

}  // namespace limpid::client
