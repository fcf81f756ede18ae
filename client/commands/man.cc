#include "commands/man.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "commands/exit_codes.h"
#include "commands/program_tree.h"
#include "lib/completion/man_page.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] = R"(Examples:
  limpid man | man -l -
  limpid man > ~/.local/share/man/man1/limpid.1)";

}  // namespace

CLI::App* ManCommand::AddTo(CLI::App* app, const std::string& program_examples) {
  examples = program_examples;
  program_ = app;
  CLI::App* command = app->add_subcommand("man", "Print the manual page, with all commands and their options");
  command->footer(kFooter);
  return command;
}

ExitCode ManCommand::Run(const Streams& streams) const {
  ProgramHelp program = DescribeProgram(*program_);
  program.examples = examples;
  program.exit_codes = ExitCodes();
  program.environment = {{"NO_COLOR", "If it is set, --color auto means never (https://no-color.org)."},
                         {"TMPDIR", "Where sanity keeps its copy of the weights while it runs (/tmp)."}};
  streams.out << ManPage(program);
  return kDone;
}

}  // namespace limpid::client
