#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "commands/common.h"

namespace limpid::client {

// `limpid sanity`: whether methods depend on what a model has learned at all (randomization_test.h). Asks no server
// that is there, but starts its own.
struct SanityCommand {
  std::string model_folder;
  std::vector<std::string> texts;  // none: the lines of standard input
  std::vector<std::string> methods = {"all"};
  std::string target;
  uint64_t seed = 0;
  std::string server_binary;
  bool json = false;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  // kDone whatever comes out.
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
