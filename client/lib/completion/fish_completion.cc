#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lib/completion/completion_script.h"

namespace limpid::client {
namespace {

std::string Quoted(const std::string& words) {
  return absl::StrCat("'", absl::StrReplaceAll(words, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// "-l model -s m"
std::string Names(const OptionHelp& option) {
  std::string text;
  for (const std::string& name : option.names) {
    const bool is_long = name.rfind("--", 0) == 0;
    absl::StrAppend(&text, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  return text;
}

std::string Value(const OptionHelp& option, const std::vector<std::string>& methods) {
  switch (option.value) {
    case OptionValue::kNone:
      return "";
    case OptionValue::kOther:
      return " -x";
    case OptionValue::kFile:
      return " -r -F";
    case OptionValue::kMethods:
      return absl::StrCat(" -x -a '(__fish_append , ", absl::StrJoin(methods, " "), ")'");
  }
  return "";
}

}  // namespace

std::string FishCompletion(const ProgramHelp& program) {
  const std::string complete = absl::StrCat("complete -c ", program.name);
  std::string script = absl::StrCat("# For fish: ", program.name, " completion fish | source\n", complete,
                                    " -n __fish_use_subcommand -f\n");
  for (const OptionHelp& option : program.options) {
    absl::StrAppend(&script, complete, " -n __fish_use_subcommand", Names(option), " -d ", Quoted(option.help), "\n");
  }
  for (const CommandHelp& command : program.commands) {
    absl::StrAppend(&script, complete, " -n __fish_use_subcommand -a ", command.name, " -d ", Quoted(command.help),
                    "\n");
    const std::string within = absl::StrCat(complete, " -n '__fish_seen_subcommand_from ", command.name, "'");
    if (!command.words.empty()) {
      absl::StrAppend(&script, within, " -f -a ", Quoted(absl::StrJoin(command.words, " ")), "\n");
    }
    for (const OptionHelp& option : command.options) {
      absl::StrAppend(&script, within, Names(option), Value(option, program.methods), " -d ", Quoted(option.help),
                      "\n");
    }
  }
  return script;
}

}  // namespace limpid::client
