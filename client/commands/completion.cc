#include "commands/completion.h"

#include <algorithm>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "commands/program_tree.h"
#include "lib/completion/completion_script.h"

namespace limpid::client {
namespace {

constexpr char kName[] = "completion";

constexpr char kFooter[] = R"(In a shell's start file:
  bash  source <(limpid completion bash)
  zsh   source <(limpid completion zsh)      (behind compinit)
  fish  limpid completion fish | source)";

const std::vector<std::string>& Shells() {
  static const auto& shells = *new std::vector<std::string>{"bash", "zsh", "fish"};
  return shells;
}

}  // namespace

CLI::App* CompletionCommand::AddTo(CLI::App* app) {
  program_ = app;
  CLI::App* command = app->add_subcommand(kName, "Print a script that completes limpid's words in a shell");
  command->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember(Shells()).description(""))
      ->type_name("");
  command->footer(kFooter);
  return command;
}

ExitCode CompletionCommand::Run(const Streams& streams) const {
  ProgramHelp program = DescribeProgram(*program_);
  std::ranges::find(program.commands, kName, &CommandHelp::name)->words = Shells();
  streams.out << (shell == "bash"  ? BashCompletion(program)
                  : shell == "zsh" ? ZshCompletion(program)
                                   : FishCompletion(program));
  return kDone;
}

}  // namespace limpid::client
