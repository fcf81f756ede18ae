#pragma once

#include "commands/common.h"

namespace limpid::client {

// `limpid doctor`: whether all is well with a server, and the facts that an operator asks for first.
struct DoctorCommand {
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  // kDone only if all is well.
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
