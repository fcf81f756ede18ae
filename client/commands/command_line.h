#pragma once

#include "commands/common.h"

namespace limpid::client {

// Runs `limpid` with these arguments (the program's name first) and gives its exit code.
int RunCommandLine(int argc, const char* const* argv, const Streams& streams, const Terminal& terminal);

}  // namespace limpid::client
