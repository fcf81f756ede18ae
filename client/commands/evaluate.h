#pragma once

#include <cstddef>
#include <string>

#include "commands/common.h"
#include "lib/request/explain_options.h"
#include "lib/texts/text_source.h"

namespace limpid::client {

// `limpid evaluate`: how far methods can be trusted over a data set, and how often the model is right.
struct EvaluateCommand {
  std::string input_path;
  std::string format = "auto";
  TextColumns columns;
  ExplainOptions request;
  std::string html_path;
  size_t concurrency = 8;
  double retry_seconds = 300;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  // kSomeFailed if texts failed.
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;

 private:
  absl::StatusOr<v1::ExplainRequest> MakeRequest() const;
};

}  // namespace limpid::client
