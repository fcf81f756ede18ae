#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "lib/channel.h"
#include "lib/explain_client.h"
#include "lib/render/palette.h"

namespace limpid::client {

// What `limpid` gives back to the shell. --help and README.md name them.
enum ExitCode {
  kDone = 0,
  kUsage = 2,         // the command line cannot be understood
  kNoServer = 3,      // nobody answers, or not in time, or has no room: later may help
  kRefused = 4,       // the server does not accept this request
  kOtherFailure = 5,  // the server failed, the answer is broken, a file cannot be written
  kSomeFailed = 6,    // of many texts: all were asked for, and some failed
  kSloMissed = 7      // a load test's condition does not hold
};

// The outside world of one run.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

// Options of every command that asks a server.
struct CommonOptions {
  ServerAddress server;
  std::string token_file;
  double timeout_seconds = 60;
  bool json = false;
  std::string color = "auto";
};

// Where the server is, how to be let in, how long to wait.
void AddServerOptions(CLI::App* command, CommonOptions* options);
// These, and how to print.
void AddCommonOptions(CLI::App* command, CommonOptions* options);

// INVALID_ARGUMENT names the option whose file cannot be used.
absl::StatusOr<ExplainClient> MakeClient(const CommonOptions& options, Retries retries = Retries::kOn);

// Prints "limpid: MESSAGE" and gives the code of a call's failure.
ExitCode Fail(const absl::Status& status, std::ostream& err);
// The same for a command line that says something impossible.
ExitCode FailUsage(const absl::Status& status, std::ostream& err);

}  // namespace limpid::client
