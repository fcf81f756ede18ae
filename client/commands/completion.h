#pragma once

#include <string>

#include "commands/common.h"

namespace limpid::client {

// `limpid completion`: a script that completes limpid's commands, options and methods in a shell. It is made of the
// tree that the command line is read by, so that it has what this binary has.
struct CompletionCommand {
  std::string shell;

  // Adds the subcommand to `app`, the whole program, which must outlive this; parsing fills this object, which must
  // stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams) const;

 private:
  const CLI::App* program_ = nullptr;
};

}  // namespace limpid::client
