#pragma once

#include <string>

#include "lib/completion/program_help.h"

namespace limpid::client {

// Scripts for a shell to read (source).
std::string BashCompletion(const ProgramHelp& program);
std::string ZshCompletion(const ProgramHelp& program);
std::string FishCompletion(const ProgramHelp& program);

}  // namespace limpid::client
