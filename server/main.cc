#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>

#include "config.h"
#include "server.h"

namespace {

// SIGTERM and SIGINT are waited for instead of handled; threads started later inherit the mask.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// From here on: whoever asks twice does not want to wait.
void LetNextSignalEndTheProcess(const sigset_t& signals) {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int Fail(const absl::Status& status) {
  std::cerr << "limpid-server: " << status.message() << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const limpid::CommandLine line = limpid::ParseCommandLine(argc, argv);
  if (line.exits) return line.exit_code;

  const sigset_t signals = BlockStopSignals();
  // A start that fails ends the wait below, like a signal from outside.
  auto server = limpid::Server::Start(line.config, [] { kill(getpid(), SIGTERM); });
  if (!server.ok()) return Fail(server.status());
  int signal = 0;
  sigwait(&signals, &signal);
  LetNextSignalEndTheProcess(signals);
  const absl::Status failure = (*server)->start_failure();
  if (failure.ok()) (*server)->Drain();
  // Its last lines come before ours.
  server->reset();
  return failure.ok() ? 0 : Fail(failure);
}
