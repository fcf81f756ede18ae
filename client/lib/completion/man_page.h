#pragma once

#include <string>

#include "lib/completion/program_help.h"

namespace limpid::client {

// A manual page of section 1, in roff's man macros: ASCII, other characters as escapes. Options that many commands have
// alike are described once.
std::string ManPage(const ProgramHelp& program);

}  // namespace limpid::client
