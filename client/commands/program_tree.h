#pragma once

#include "CLI/App.hpp"
#include "lib/completion/program_help.h"

namespace limpid::client {

// What the tree that the command line is read by says of itself, so that completion and the manual page have what this
// binary has.
ProgramHelp DescribeProgram(const CLI::App& app);

}  // namespace limpid::client
