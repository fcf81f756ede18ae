#pragma once

#include <string>
#include <vector>

#include "commands/common.h"
#include "lib/compare/comparison.h"
#include "lib/request/explain_options.h"

namespace limpid::client {

// `limpid compare`: one text explained by several methods, or by several models with one method.
struct CompareCommand {
  ExplainOptions request;
  std::string models;  // a comma list; empty: methods are compared
  size_t top = 5;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
