#pragma once

#include "CLI/App.hpp"
#include "lib/texts/text_source.h"

namespace limpid::client {

// --format and the columns, for every command that reads a file of texts.
void AddTextOptions(CLI::App* command, std::string* format, TextColumns* columns);

}  // namespace limpid::client
