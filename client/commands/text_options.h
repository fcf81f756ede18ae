#pragma once

#include "CLI/App.hpp"
#include "commands/common.h"
#include "lib/batch/text_run.h"
#include "lib/texts/text_source.h"

namespace limpid::client {

// --format and the columns, for every command that reads a file of texts.
void AddTextOptions(CLI::App* command, std::string* format, TextColumns* columns);

// --concurrency and --retry-seconds, for the same.
void AddRunOptions(CLI::App* command, size_t* concurrency, double* retry_seconds);

// How a run that was not stopped ends: kSomeFailed, with the first failure said, or kDone.
ExitCode SomeFailed(const TextRunResult& run, std::ostream& err);

}  // namespace limpid::client
