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

}  // namespace

int main(int argc, char** argv) {
  const limpid::CommandLine line = limpid::ParseCommandLine(argc, argv);
  if (line.exits) return line.exit_code;

  const sigset_t signals = BlockStopSignals();
  auto server = limpid::Server::Start(line.config);
  if (!server.ok()) {
    std::cerr << "limpid-server: " << server.status().message() << std::endl;
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Drain();
  return 0;
}
