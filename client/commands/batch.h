#pragma once

#include <string>

#include "commands/common.h"
#include "lib/request/explain_options.h"
#include "lib/texts/text_source.h"

namespace limpid::client {

// `limpid batch`: explains or predicts a file of texts into a file with a line each, which a run that was ended at any
// moment goes on with (lib/batch/journal.h).
struct BatchCommand {
  std::string input_path;  // "-": standard input
  std::string output_path;
  std::string npz_path;  // a folder; empty: no arrays
  std::string format = "auto";
  TextColumns columns;
  bool predicts = false;
  bool overwrites = false;
  size_t concurrency = 32;
  double retry_seconds = 300;
  ExplainOptions request;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  // kSomeFailed if it got to the end but texts failed. A signal ends the process once what was under way is written.
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
