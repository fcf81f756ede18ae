#include "commands/generate.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "lib/json.h"
#include "lib/render/generation_report.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(Without --method the text alone comes, as it is generated. With it each token comes on a line of its own, with
the tokens before it that count most; "limpid explain --help" lists the methods.

Targets: the token that came (default), or predicted-vs-TOKEN and predicted-vs-runner_up: why it rather than another.

Examples:
  limpid generate "Once upon a time" --model gpt2
  limpid generate "Once upon a time" --model gpt2 --temperature 0.8 --top-p 0.95 --seed 1
  limpid generate "Once upon a time" --model gpt2 --method saliency --target predicted-vs-runner_up
  limpid generate "The capital of France is" --model gpt2 --completion " Paris" --method gradient_x_input
A TEXT that begins with "-" goes after "--".)";

}  // namespace

CLI::App* GenerateCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("generate", "Let a language model go on with a text, and say why each token");
  ExplainOptions& explain = options.explain;
  command->add_option("TEXT", explain.input.text, "What goes before; - reads standard input (UTF-8)")
      ->required()
      ->type_name("");
  command->add_option("--model", explain.model, "Name of a loaded model (default: the server's)")->type_name("NAME");
  command->add_option("--max-new-tokens", options.max_new_tokens, "Most tokens (default: 64)")->type_name("N");
  command->add_option("--temperature", options.temperature, "0: always the best token")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--top-k", options.top_k, "Draw from the N best tokens; 0: all")->type_name("N");
  command->add_option("--top-p", options.top_p, "Draw from the best that together have this probability")
      ->type_name("P");
  command->add_option("--seed", options.seed, "The same seed draws the same tokens")->type_name("N");
  command->add_option("--stop", options.stop, "End before this text; may be given again")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("TEXT");
  command->add_flag("--ignore-end", options.ignore_end, "Go on behind the model's end of text");
  command->add_option("--completion", options.completion, "Take this text instead of generating")->type_name("TEXT");
  command->add_option("--method", explain.methods, "Why each token: comma list of methods")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("");
  command->add_option("--explained", options.explained, "Only tokens of these indices, the first is 0")
      ->delimiter(',')
      ->type_name("I,...");
  command->add_option("--target", explain.target, "What is explained, see below")->type_name("TARGET");
  command->add_option("--score", explain.score, "Form of a token's score: logit, log_prob or prob")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--granularity", explain.granularity, "token, word or sentence: what gets a score")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--alternatives", options.alternatives, "With --json: the N best tokens in place of each")
      ->type_name("N");
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

ExitCode GenerateCommand::Run(const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<v1::GenerateRequest> request = MakeGenerateRequest(options, streams.in);
  if (!request.ok()) return FailUsage(request.status(), streams.err);
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  if (common.json) {
    Json parts = Json::array();
    const absl::Status done =
        client->Generate(*request, [&](const v1::GenerateResponse& part) { parts.push_back(ToJson(part)); });
    if (!done.ok()) return Fail(done, streams.err);
    streams.out << Dump(parts);
    return kDone;
  }
  GenerationReport report(*request, Palette(ChooseColorMode(common.color, terminal)));
  const absl::Status done = client->Generate(
      *request, [&](const v1::GenerateResponse& part) { streams.out << report.Add(part) << std::flush; });
  return done.ok() ? kDone : Fail(done, streams.err);
}

}  // namespace limpid::client
