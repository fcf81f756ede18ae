#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lib/completion/completion_script.h"

namespace limpid::client {
namespace {

// In single quotes, as _arguments and _describe read it.
std::string Quoted(const std::string& words) {
  return absl::StrReplaceAll(words, {{"\\", "\\\\"}, {":", "\\:"}, {"[", "\\["}, {"]", "\\]"}, {"'", "'\\''"}});
}

const char* Action(OptionValue value) {
  switch (value) {
    case OptionValue::kNone:
      return "";
    case OptionValue::kOther:
      return ":value: ";
    case OptionValue::kFile:
      return ":file:_files";
    case OptionValue::kMethods:
      return ":method:_{name}_methods";
  }
  return "";
}

std::string CommandCase(const CommandHelp& command) {
  std::string text = absl::StrCat("    ", command.name, ") _arguments -S");
  for (const OptionHelp& option : command.options) {
    for (const std::string& name : option.names) {
      absl::StrAppend(&text, " \\\n        '*", name, "[", Quoted(option.help), "]", Action(option.value), "'");
    }
  }
  return absl::StrCat(
      text, " \\\n        ",
      command.words.empty() ? "'*:file:_files'" : absl::StrCat("'*:word:(", absl::StrJoin(command.words, " "), ")'"),
      " ;;\n");
}

}  // namespace

std::string ZshCompletion(const ProgramHelp& program) {
  std::string commands, cases;
  for (const CommandHelp& command : program.commands) {
    absl::StrAppend(&commands, "      '", Quoted(command.name), ":", Quoted(command.help), "'\n");
    cases += CommandCase(command);
  }
  return absl::StrReplaceAll(absl::StrCat(R"(#compdef {name}
# For zsh: source <({name} completion zsh), behind compinit.
_{name}_methods() {
  _values -s , method {methods}
}

_{name}() {
  if (( CURRENT == 2 )); then
    local -a commands=(
)",
                                          commands, R"(    )
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
)",
                                          cases, R"(  esac
}
compdef _{name} {name}
)"),
                             {{"{name}", program.name}, {"{methods}", absl::StrJoin(program.methods, " ")}});
}

}  // namespace limpid::client
