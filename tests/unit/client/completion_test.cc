#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/completion/completion_script.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;

ProgramHelp Sample() {
  ProgramHelp program;
  program.name = "tool";
  program.methods = {"saliency", "lime"};
  program.options = {{{"-h", "--help"}, "Help", OptionValue::kNone}};
  program.commands = {{"look",
                       "Look at it: it's [here]",
                       {{{"-o", "--output"}, "Where", OptionValue::kFile},
                        {{"--method"}, "How", OptionValue::kMethods},
                        {{"--name"}, "Whose", OptionValue::kOther},
                        {{"--fast"}, "It's quick", OptionValue::kNone}},
                       {}},
                      {"shell", "Choose", {}, {"bash", "zsh"}}};
  return program;
}

TEST(BashCompletion, KnowsCommandsOptionsAndWhatFollowsThem) {
  const std::string script = BashCompletion(Sample());

  EXPECT_THAT(script, HasSubstr("compgen -W \"look shell -h --help\""));
  EXPECT_THAT(script, HasSubstr("        -o|--output) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
                                "        --method) _tool_methods; return ;;\n"
                                "        --name) COMPREPLY=(); return ;;\n"));
  EXPECT_THAT(script, HasSubstr("options=\"-o --output --method --name --fast\"\n"));
  EXPECT_THAT(script, HasSubstr("own=$(compgen -W \"bash zsh\" -- \"$current\") ;;\n"));
}

TEST(ZshCompletion, EscapesWhatItsListsReadAsTheirOwn) {
  const std::string script = ZshCompletion(Sample());

  EXPECT_THAT(script, HasSubstr("'look:Look at it\\: it'\\''s \\[here\\]'\n"));
  EXPECT_THAT(script, HasSubstr("'*--method[How]:method:_tool_methods'"));
  EXPECT_THAT(script, HasSubstr("'*--fast[It'\\''s quick]'"));
  EXPECT_THAT(script, HasSubstr("'*:word:(bash zsh)'"));
}

TEST(FishCompletion, HasALineAnOption) {
  const std::string script = FishCompletion(Sample());

  EXPECT_THAT(script, HasSubstr("complete -c tool -n __fish_use_subcommand -a look -d 'Look at it: it\\'s [here]'\n"));
  EXPECT_THAT(script,
              HasSubstr("complete -c tool -n '__fish_seen_subcommand_from look' -s o -l output -r -F -d 'Where'\n"));
  EXPECT_THAT(script, HasSubstr("-l method -x -a '(__fish_append , saliency lime)' -d 'How'\n"));
  EXPECT_THAT(script, HasSubstr("-l fast -d 'It\\'s quick'\n"));
  EXPECT_THAT(script, HasSubstr("complete -c tool -n '__fish_seen_subcommand_from shell' -f -a 'bash zsh'\n"));
}

}  // namespace
}  // namespace limpid::client
