#pragma once

#include <string>

#include "commands/common.h"

namespace limpid::client {

// `limpid man`: the manual page, made of the tree that the command line is read by.
struct ManCommand {
  std::string examples;

  // Adds the subcommand to `app`, the whole program, which must outlive this; this must stay where it is.
  CLI::App* AddTo(CLI::App* app, const std::string& program_examples);
  ExitCode Run(const Streams& streams) const;

 private:
  const CLI::App* program_ = nullptr;
};

}  // namespace limpid::client
