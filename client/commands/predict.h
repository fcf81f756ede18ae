#pragma once

#include <string>

#include "commands/common.h"
#include "lib/request/input.h"

namespace limpid::client {

// `limpid predict`: the prediction alone.
struct PredictCommand {
  InputOptions input;
  std::string model;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
