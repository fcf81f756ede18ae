#pragma once

#include "CLI/App.hpp"
#include "lib/request/explain_options.h"

namespace limpid::client {

// Options that say how to explain, without the text: for every command that asks for explanations.
void AddRequestOptions(CLI::App* command, ExplainOptions* options);

}  // namespace limpid::client
