#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lib/completion/completion_script.h"

namespace limpid::client {
namespace {

// The names of options with this value, as a case has them; empty where there are none.
std::string Pattern(const std::vector<OptionHelp>& options, OptionValue value) {
  std::vector<std::string> names;
  for (const OptionHelp& option : options) {
    if (option.value == value) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return absl::StrJoin(names, "|");
}

std::string AllNames(const std::vector<OptionHelp>& options) {
  std::vector<std::string> names;
  for (const OptionHelp& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return absl::StrJoin(names, " ");
}

std::string ValueCase(const CommandHelp& command) {
  std::string text;
  const auto add = [&](OptionValue value, const char* action) {
    const std::string pattern = Pattern(command.options, value);
    if (!pattern.empty()) absl::StrAppend(&text, "        ", pattern, ") ", action, "; return ;;\n");
  };
  add(OptionValue::kFile, "COMPREPLY=($(compgen -f -- \"$current\"))");
  add(OptionValue::kMethods, "_{name}_methods");
  add(OptionValue::kOther, "COMPREPLY=()");
  return text.empty() ? "" : absl::StrCat("      case $previous in\n", text, "      esac\n");
}

std::string CommandCase(const CommandHelp& command) {
  const std::string own = command.words.empty()
                              ? "compgen -f -- \"$current\""
                              : absl::StrCat("compgen -W \"", absl::StrJoin(command.words, " "), "\" -- \"$current\"");
  return absl::StrCat("    ", command.name, ")\n", ValueCase(command), "      options=\"", AllNames(command.options),
                      "\"\n      own=$(", own, ") ;;\n");
}

}  // namespace

std::string BashCompletion(const ProgramHelp& program) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandHelp& command : program.commands) {
    names.push_back(command.name);
    cases += CommandCase(command);
  }
  return absl::StrReplaceAll(absl::StrCat(R"(# For bash: source <({name} completion bash)
_{name}_methods() {
  local list=
  [[ $current == *,* ]] && list=${current%,*},
  COMPREPLY=($(compgen -P "$list" -W "{methods}" -- "${current##*,}"))
  compopt -o nospace
}

_{name}() {
  local IFS=$' \t\n' current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options own
  [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD-2]}  # bash takes --method=lime for three words
  [[ $current == = ]] && current=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "{commands}" -- "$current"))
    return
  fi
  case ${COMP_WORDS[1]} in
)",
                                          cases, R"(    *) return ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  else
    IFS=$'\n'
    COMPREPLY=($own)
  fi
}
complete -o filenames -F _{name} {name}
)"),
                             {{"{name}", program.name},
                              {"{methods}", absl::StrJoin(program.methods, " ")},
                              {"{commands}", absl::StrCat(absl::StrJoin(names, " "), " ", AllNames(program.options))}});
}

}  // namespace limpid::client
