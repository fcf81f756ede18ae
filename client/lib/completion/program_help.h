#pragma once

#include <string>
#include <utility>
#include <vector>

namespace limpid::client {

// What stands behind an option, or in a command's own place.
enum class OptionValue {
  kNone,  // the option is a flag, or the command takes nothing
  kOther,
  kFile,
  kMethods,  // a comma list
};

struct OptionHelp {
  std::vector<std::string> names;  // with their hyphens
  std::string help;
  OptionValue value = OptionValue::kNone;
  std::string value_name = {};  // "N"; empty where it has none
  std::string default_value = {}, environment = {};

  bool operator==(const OptionHelp&) const = default;
};

struct CommandHelp {
  std::string name, help;
  std::vector<OptionHelp> options;
  std::vector<std::string> words = {};       // that may stand in its place, where these are all there are
  std::vector<OptionHelp> positionals = {};  // their names without hyphens
  std::string footer = {};
};

// A command line as a shell completes it and its manual page describes it.
struct ProgramHelp {
  std::string name, help, version;
  std::vector<OptionHelp> options;  // before the command
  std::vector<CommandHelp> commands;
  std::vector<std::string> methods;
  std::string examples;  // indented lines
  std::vector<std::pair<int, std::string>> exit_codes;
  std::vector<std::pair<std::string, std::string>> environment;  // what no option names
};

}  // namespace limpid::client
