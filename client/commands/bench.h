#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "commands/common.h"
#include "lib/load/report.h"
#include "lib/load/run_stage.h"
#include "lib/request/explain_options.h"

namespace limpid::client {

// `limpid bench`: a load test. It keeps a number of calls under way (closed loop) or makes so many a second whatever
// the answers do (open loop), in one stage or several, or looks for the highest rate that meets conditions. Every
// answer is received, put together and checked in full; a refusal is counted and not tried again.
struct BenchCommand {
  std::string path;
  ExplainOptions request;
  CommonOptions common;
  std::vector<size_t> streams;
  std::string rates;
  std::vector<std::string> servers;  // none: the one of `common`
  std::string arrivals = "poisson";
  uint64_t seed = 1;
  size_t repeat = 1;
  double duration_seconds = 0, warmup_seconds = 0;
  std::vector<std::string> slos;
  bool finds_knee = false;
  bool predicts = false;
  std::string json_path, html_path;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
