#include "lib/request/command_line_words.h"

#include <gtest/gtest.h>

#include <sstream>

namespace limpid::client {
namespace {

std::string Words(const ExplainOptions& options, const std::string& standard_input = "") {
  std::istringstream in(standard_input);
  v1::ModelIdentity model;
  model.set_name(options.model);
  return CommandLineWords(options, *MakeExplainRequest(options, in), model);
}

ExplainOptions About(const std::string& text) {
  ExplainOptions options;
  options.input.text = text;
  return options;
}

TEST(CommandLineWords, LeavesOutWhatIsSoByDefault) { EXPECT_EQ(Words(About("paid")), "limpid explain --json paid"); }

TEST(CommandLineWords, HasWhatWasTyped) {
  ExplainOptions options = About("paid");
  options.input.pair = "late";
  options.model = "credit";
  options.methods = {"saliency:l1", "occlusion"};
  options.attention = "-1";
  options.attention_top_k = 4;
  options.granularity = "span";
  options.spans = {"0-2", "3-4"};
  options.drop_special_tokens = true;

  EXPECT_EQ(Words(options),
            "limpid explain --model credit --method saliency:l1,occlusion --attention=-1 --attention-top-k 4 "
            "--granularity span --span 0-2 --span 3-4 --drop-special-tokens --pair late --json paid");
}

TEST(CommandLineWords, TextIsQuotedForTheShellAndNeverAnOption) {
  EXPECT_EQ(Words(About("it's $HOME `id`\n")), "limpid explain --json 'it'\\''s $HOME `id`\n'");
  EXPECT_EQ(Words(About("-"), "--help\n"), "limpid explain --json -- --help");
  EXPECT_EQ(Words(About("~")), "limpid explain --json '~'");
}

}  // namespace
}  // namespace limpid::client
