#pragma once

#include <string>

#include "commands/common.h"

namespace limpid::client {

// `limpid check`: what a model folder is, whether it runs, and whether what it says can be trusted (lib/model_check.h).
// Asks no server that is there, but starts its own.
struct CheckCommand {
  std::string model_folder;
  std::string server_binary;
  bool json = false;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
