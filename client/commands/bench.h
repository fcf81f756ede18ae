#pragma once

#include <cstddef>
#include <string>

#include "commands/common.h"
#include "lib/load.h"
#include "lib/request/explain_options.h"

namespace limpid::client {

// `limpid bench`: keeps a number of Explain (or Predict) calls under way, or makes so many a second, until all texts of
// a file were asked for once, and says how long that took. Every answer is received, put together and checked in full;
// a refusal is counted and not tried again.
struct BenchCommand {
  std::string path;
  ExplainOptions request;
  CommonOptions common;
  LoadPlan plan;
  size_t repeat = 1;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
