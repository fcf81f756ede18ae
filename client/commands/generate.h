#pragma once

#include "commands/common.h"
#include "lib/request/generate_options.h"

namespace limpid::client {

// `limpid generate`: a language model's continuation as it comes, and why each token.
struct GenerateCommand {
  GenerateOptions options;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
