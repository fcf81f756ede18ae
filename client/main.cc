#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "commands/command_line.h"

namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

limpid::client::Terminal FindTerminal() {
  limpid::client::Terminal terminal;
  terminal.is_terminal = isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  terminal.term = Environment("TERM");
  terminal.colorterm = Environment("COLORTERM");
  terminal.no_color = Environment("NO_COLOR");
  return terminal;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return limpid::client::RunCommandLine(argc, argv, {std::cin, std::cout, std::cerr}, FindTerminal());
}
