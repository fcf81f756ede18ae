#include "lib/completion/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::Not;

OptionHelp Option(const std::string& name, const std::string& help) {
  return {.names = {name}, .help = help, .value = OptionValue::kOther};
}

ProgramHelp Sample() {
  ProgramHelp program;
  program.name = "tool";
  program.help = "Looks at things.";
  program.version = "tool 1.2";
  program.examples = "  tool look -";
  program.exit_codes = {{0, "done"}, {2, "not understood"}};
  program.environment = {{"NO_COLOR", "Without colour."}};
  OptionHelp server = Option("--server", "Where");
  server.environment = "TOOL_SERVER";
  server.default_value = "host:1";
  for (const char* name : {"look", "see", "find", "watch"}) {
    CommandHelp& command = program.commands.emplace_back();
    command.name = name;
    command.help = "Do it";
    command.options = {server};
  }
  program.commands[0].positionals = {Option("TEXT", "What to read")};
  program.commands[0].options.push_back({.names = {"-o", "--output"}, .help = "Where to", .value = OptionValue::kFile});
  return program;
}

TEST(ManPage, HasNameCommandsOptionsEnvironmentAndExitCodes) {
  const std::string page = ManPage(Sample());

  EXPECT_THAT(page, HasSubstr(".TH TOOL 1 \"\" \"tool 1.2\" \"User Commands\"\n"));
  EXPECT_THAT(page, HasSubstr(".SH NAME\ntool \\- Looks at things\n"));
  EXPECT_THAT(page, HasSubstr(".SS tool look\nDo it.\n.TP\n\\fITEXT\\fR\nWhat to read\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fIFILE\\fR\nWhere to\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fBNO_COLOR\\fR\nWithout colour.\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fBTOOL_SERVER\\fR\nWhat \\fB\\-\\-server\\fR is if it is not given.\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n.TP\n\\fB2\\fR\nnot understood\n"));
}

TEST(ManPage, DescribesOnceWhatManyCommandsHave) {
  const std::string page = ManPage(Sample());

  const std::string described = "\\fB\\-\\-server\\fR \\fIVALUE\\fR\nWhere (default: host:1; or \\fBTOOL_SERVER\\fR)\n";
  EXPECT_THAT(page, HasSubstr(".SH OPTIONS OF MANY COMMANDS\n.TP\n" + described));
  EXPECT_EQ(page.find(described), page.rfind(described));
  EXPECT_THAT(page, HasSubstr(".SS tool see\nDo it.\n.PP\nOptions of many commands: \\fB\\-\\-server\\fR.\n"));
}

TEST(ManPage, LeavesNoTextForRoffToReadAsItsOwn) {
  ProgramHelp program = Sample();
  program.commands[0].footer = "How, so:\n  .so x,y|a\\b 'c' \"d\" \xc3\xa9\n      more\n\n'quoted'\n.dot";

  const std::string page = ManPage(program);

  EXPECT_THAT(page,
              HasSubstr("How,\\: so:\n.RS 4\n.br\n.ti -2n\n\\&.so x,\\:y|\\:a\\(rsb \\(aqc\\(aq \\(dqd\\(dq \\[u00E9]\n"
                        ".br\nmore\n.RE\n.PP\n\\(aqquoted\\(aq\n\\&.dot\n"));
  EXPECT_THAT(page, Not(HasSubstr("\xc3")));
}

}  // namespace
}  // namespace limpid::client
