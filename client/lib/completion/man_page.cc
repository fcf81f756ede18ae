#include "lib/completion/man_page.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/utf8.h"

namespace limpid::client {
namespace {

// An option that so many commands have alike is described once for all of them.
constexpr size_t kManyCommands = 4;

// Text as it is: no character is a request, and a hyphen can be copied as one. Lists may be broken behind a comma or a
// bar, where no space follows.
std::string Escaped(std::string_view text) {
  static const auto& kEscapes = *new std::map<char32_t, std::string>{{'\\', "\\(rs"}, {'-', "\\-"},   {'\'', "\\(aq"},
                                                                     {'"', "\\(dq"},  {'`', "\\(ga"}, {'^', "\\(ha"},
                                                                     {'~', "\\(ti"},  {',', ",\\:"},  {'|', "|\\:"}};
  std::string escaped = text.starts_with('.') ? "\\&" : "";
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    const auto escape = kEscapes.find(point.value);
    if (escape != kEscapes.end()) {
      escaped += escape->second;
    } else if (point.value < 0x80) {
      escaped += text.front();
    } else {
      absl::StrAppendFormat(&escaped, "\\[u%04X]", static_cast<uint32_t>(point.value));
    }
    text.remove_prefix(point.length);
  }
  return escaped;
}

std::string Bold(std::string_view text) { return absl::StrCat("\\fB", Escaped(text), "\\fR"); }
std::string Italic(std::string_view text) { return absl::StrCat("\\fI", Escaped(text), "\\fR"); }

std::string Section(const char* name) { return absl::StrCat(".SH ", name, "\n"); }

// A term and what it means.
std::string Item(const std::string& term, const std::string& meaning) {
  return absl::StrCat(".TP\n", term, "\n", meaning, "\n");
}

std::string ValueName(const OptionHelp& option) {
  if (!option.value_name.empty()) return option.value_name;
  switch (option.value) {
    case OptionValue::kFile:
      return "FILE";
    case OptionValue::kMethods:
      return "METHOD,...";
    default:
      return "VALUE";
  }
}

std::string OptionItem(const OptionHelp& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(Bold(name));
  std::string term = absl::StrJoin(names, ", ");
  if (option.value != OptionValue::kNone) absl::StrAppend(&term, " ", Italic(ValueName(option)));
  std::string meaning = Escaped(option.help);
  std::vector<std::string> more;
  if (!option.default_value.empty()) more.push_back(absl::StrCat("default: ", Escaped(option.default_value)));
  if (!option.environment.empty()) more.push_back(absl::StrCat("or ", Bold(option.environment)));
  if (!more.empty()) absl::StrAppend(&meaning, " (", absl::StrJoin(more, "; "), ")");
  return Item(term, meaning);
}

// The text below a --help: paragraphs, and indented lines as lines, whose ends hang where the page is too narrow.
std::string Prose(const std::string& text) {
  std::string roff;
  bool is_listing = false;
  const std::vector<std::string> lines = absl::StrSplit(absl::StripTrailingAsciiWhitespace(text), '\n');
  for (const std::string& line : lines) {
    const bool is_indented = line.starts_with("  ");
    if (is_listing != is_indented) roff += is_indented ? ".RS 4\n" : ".RE\n";
    is_listing = is_indented;
    const std::string words(absl::StripAsciiWhitespace(line));
    if (is_indented) {
      const bool goes_on = line.starts_with("   ");
      absl::StrAppend(&roff, ".br\n", goes_on ? "" : ".ti -2n\n", Escaped(words), "\n");
    } else {
      roff += words.empty() ? ".PP\n" : Escaped(words) + "\n";
    }
  }
  return roff + (is_listing ? ".RE\n" : "");
}

std::vector<OptionHelp> CommonOptions(const ProgramHelp& program) {
  std::vector<OptionHelp> common;
  for (const CommandHelp& command : program.commands) {
    for (const OptionHelp& option : command.options) {
      const auto has_it = [&](const CommandHelp& other) { return std::ranges::count(other.options, option) > 0; };
      const auto count = static_cast<size_t>(std::ranges::count_if(program.commands, has_it));
      if (count >= kManyCommands && std::ranges::count(common, option) == 0) common.push_back(option);
    }
  }
  return common;
}

std::string CommandPart(const ProgramHelp& program, const CommandHelp& command, const std::vector<OptionHelp>& common) {
  std::string roff =
      absl::StrCat(".SS ", Escaped(program.name), " ", Escaped(command.name), "\n", Escaped(command.help), ".\n");
  for (const OptionHelp& positional : command.positionals) {
    roff += Item(Italic(positional.names.front()), Escaped(positional.help));
  }
  std::vector<std::string> shared;
  for (const OptionHelp& option : command.options) {
    if (std::ranges::count(common, option) == 0) {
      roff += OptionItem(option);
    } else {
      shared.push_back(Bold(option.names.back()));
    }
  }
  if (!shared.empty()) absl::StrAppend(&roff, ".PP\nOptions of many commands: ", absl::StrJoin(shared, ", "), ".\n");
  if (!command.footer.empty()) absl::StrAppend(&roff, ".PP\n", Prose(command.footer));
  return roff;
}

std::string Environment(const ProgramHelp& program) {
  std::map<std::string, std::string> meanings(program.environment.begin(), program.environment.end());
  for (std::string& meaning : meanings | std::views::values) meaning = Escaped(meaning);
  for (const CommandHelp& command : program.commands) {
    for (const OptionHelp& option : command.options) {
      if (option.environment.empty()) continue;
      meanings[option.environment] = absl::StrCat("What ", Bold(option.names.back()), " is if it is not given.");
    }
  }
  std::string roff;
  for (const auto& [name, meaning] : meanings) roff += Item(Bold(name), meaning);
  return roff;
}

}  // namespace

std::string ManPage(const ProgramHelp& program) {
  const std::vector<OptionHelp> common = CommonOptions(program);
  std::string options, shared, commands, exit_codes;
  for (const OptionHelp& option : program.options) options += OptionItem(option);
  for (const OptionHelp& option : common) shared += OptionItem(option);
  for (const CommandHelp& command : program.commands) commands += CommandPart(program, command, common);
  for (const auto& [code, meaning] : program.exit_codes) exit_codes += Item(Bold(absl::StrCat(code)), Escaped(meaning));
  // Left-aligned and without hyphenation: most of it are names.
  return absl::StrCat(".TH ", absl::AsciiStrToUpper(program.name), " 1 \"\" \"", Escaped(program.version),
                      "\" \"User Commands\"\n.nh\n.ad l\n", Section("NAME"), program.name, " \\- ",
                      Escaped(std::string(absl::StripSuffix(program.help, "."))), "\n", Section("SYNOPSIS"),
                      Bold(program.name), " ", Italic("COMMAND"), " [", Italic("OPTION"), "]... [", Italic("ARGUMENT"),
                      "]...\n", Section("OPTIONS"), options, Section("OPTIONS OF MANY COMMANDS"), shared,
                      Section("COMMANDS"), commands, Section("ENVIRONMENT"), Environment(program),
                      Section("EXIT STATUS"), exit_codes, Section("EXAMPLES"), Prose(program.examples));
}

}  // namespace limpid::client
