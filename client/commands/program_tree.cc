#include "commands/program_tree.h"

#include <functional>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "lib/request/method_spec.h"

namespace limpid::client {
namespace {

OptionValue ValueOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return OptionValue::kNone;
  if (option.check_lname("method")) return OptionValue::kMethods;
  const std::string type = option.get_type_name();
  const bool is_file = type == "FILE" || type == "FOLDER" || type == "PATH" || option.check_lname("token-file") ||
                       option.check_lname("tls-ca") || option.check_lname("tls-cert") || option.check_lname("tls-key");
  return is_file ? OptionValue::kFile : OptionValue::kOther;
}

OptionHelp DescribeOption(const CLI::Option& option) {
  OptionHelp help;
  for (const std::string& name : option.get_snames()) help.names.push_back(absl::StrCat("-", name));
  for (const std::string& name : option.get_lnames()) help.names.push_back(absl::StrCat("--", name));
  if (!option.nonpositional()) help.names = {option.get_name(/*positional=*/true)};
  help.help = option.get_description();
  help.value = ValueOf(option);
  help.value_name = option.get_type_name();
  help.default_value = option.get_default_str();
  help.environment = option.get_envname();
  return help;
}

std::vector<OptionHelp> DescribeOptions(const CLI::App& app, bool positional) {
  std::vector<OptionHelp> options;
  for (const CLI::Option* option : app.get_options()) {
    const bool is_wanted = option->nonpositional() != positional && !option->get_group().empty();
    if (is_wanted) options.push_back(DescribeOption(*option));
  }
  return options;
}

}  // namespace

ProgramHelp DescribeProgram(const CLI::App& app) {
  ProgramHelp program;
  program.name = app.get_name();
  program.help = app.get_description();
  program.version = app.version();
  program.options = DescribeOptions(app, /*positional=*/false);
  for (const CLI::App* command : app.get_subcommands(std::function<bool(const CLI::App*)>())) {
    CommandHelp& help = program.commands.emplace_back();
    help.name = command->get_name();
    help.help = command->get_description();
    help.options = DescribeOptions(*command, /*positional=*/false);
    help.positionals = DescribeOptions(*command, /*positional=*/true);
    help.footer = command->get_footer();
  }
  for (const MethodHelp& help : MethodHelps()) program.methods.push_back(help.name);
  return program;
}

}  // namespace limpid::client
