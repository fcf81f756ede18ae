#pragma once

#include <string>

#include "commands/common.h"
#include "lib/request/explain_options.h"
#include "lib/stored_answer.h"

namespace limpid::client {

// `limpid report`: an answer as one HTML file, asked for now or stored before by `limpid explain --json`.
struct ReportCommand {
  std::string answer_path;  // empty: ask
  ExplainOptions request;
  CommonOptions common;
  std::string output_path;  // empty: standard output
  bool is_decision_record = false;

  ReportCommand();
  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  ExitCode Run(const Streams& streams) const;
};

}  // namespace limpid::client
