#pragma once

#include <string>
#include <vector>

namespace limpid::client {

// What stands behind an option, or in a command's own place.
enum class CompletedValue {
  kNone,  // the option is a flag, or the command takes nothing
  kOther,
  kFile,
  kMethods,  // a comma list
};

struct CompletedOption {
  std::vector<std::string> names;  // with their hyphens
  std::string help;
  CompletedValue value = CompletedValue::kNone;
};

struct CompletedCommand {
  std::string name, help;
  std::vector<CompletedOption> options;
  std::vector<std::string> words;  // that may stand in its place, where these are all there are
};

// A command line as a shell completes it.
struct CompletedProgram {
  std::string name;
  std::vector<CompletedOption> options;  // before the command
  std::vector<CompletedCommand> commands;
  std::vector<std::string> methods;
};

// Scripts for a shell to read (source).
std::string BashCompletion(const CompletedProgram& program);
std::string ZshCompletion(const CompletedProgram& program);
std::string FishCompletion(const CompletedProgram& program);

}  // namespace limpid::client
