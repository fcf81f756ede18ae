#pragma once

#include <optional>
#include <string>

#include "commands/common.h"
#include "lib/request/explain_options.h"

namespace limpid::client {

// `limpid explain`: one text, its prediction and explanation.
struct ExplainCommand {
  ExplainOptions request;
  CommonOptions common;
  std::optional<size_t> top;
  std::string npz_path, safetensors_path;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
