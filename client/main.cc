#include <malloc.h>
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
  terminal.is_error_terminal = isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  terminal.term = Environment("TERM");
  terminal.colorterm = Environment("COLORTERM");
  terminal.no_color = Environment("NO_COLOR");
  return terminal;
}

// Answers are large and short-lived; by default glibc gives each one's memory back to the kernel, page by page.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreedMemory();
  std::ios::sync_with_stdio(false);
  return limpid::client::RunCommandLine(argc, argv, {std::cin, std::cout, std::cerr}, FindTerminal());
}
