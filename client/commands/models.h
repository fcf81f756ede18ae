#pragma once

#include <string>

#include "commands/common.h"

namespace limpid::client {

// `limpid models`: what the server holds; with a name, all about that model.
struct ModelsCommand {
  std::string name;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
