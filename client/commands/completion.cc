#include "commands/completion.h"

#include <functional>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "lib/completion/completion_script.h"
#include "lib/request/method_spec.h"

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

CompletedValue ValueOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return CompletedValue::kNone;
  if (option.check_lname("method")) return CompletedValue::kMethods;
  const std::string type = option.get_type_name();
  const bool is_file = type == "FILE" || type == "PATH" || option.check_lname("token-file") ||
                       option.check_lname("tls-ca") || option.check_lname("tls-cert") || option.check_lname("tls-key");
  return is_file ? CompletedValue::kFile : CompletedValue::kOther;
}

std::vector<CompletedOption> OptionsOf(const CLI::App& app) {
  std::vector<CompletedOption> options;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional() || option->get_group().empty()) continue;
    CompletedOption& completed = options.emplace_back();
    for (const std::string& name : option->get_snames()) completed.names.push_back(absl::StrCat("-", name));
    for (const std::string& name : option->get_lnames()) completed.names.push_back(absl::StrCat("--", name));
    completed.help = option->get_description();
    completed.value = ValueOf(*option);
  }
  return options;
}

CompletedProgram ProgramOf(const CLI::App& app) {
  CompletedProgram program;
  program.name = app.get_name();
  program.options = OptionsOf(app);
  for (const CLI::App* command : app.get_subcommands(std::function<bool(const CLI::App*)>())) {
    program.commands.push_back({command->get_name(), command->get_description(), OptionsOf(*command),
                                command->get_name() == kName ? Shells() : std::vector<std::string>()});
  }
  for (const MethodHelp& help : MethodHelps()) program.methods.push_back(help.name);
  return program;
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
  const CompletedProgram program = ProgramOf(*program_);
  streams.out << (shell == "bash"  ? BashCompletion(program)
                  : shell == "zsh" ? ZshCompletion(program)
                                   : FishCompletion(program));
  return kDone;
}

}  // namespace limpid::client
