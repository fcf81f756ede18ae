#include "commands/explain.h"

#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "commands/request_options.h"
#include "lib/files/explanation_arrays.h"
#include "lib/files/npz.h"
#include "lib/files/safetensors.h"
#include "lib/json.h"
#include "lib/render/report.h"
#include "lib/render/wrapped.h"
#include "lib/request/command_line_words.h"
#include "lib/request/method_spec.h"
#include "lib/stored_answer.h"

namespace limpid::client {
namespace {

constexpr size_t kColumns = 100, kIndent = 6;

std::string Footer() {
  std::string methods;
  for (const MethodHelp& help : MethodHelps()) {
    absl::StrAppendFormat(&methods, "  %s: %s\n", help.name, help.meaning);
    if (help.options.empty()) continue;
    absl::StrAppend(&methods, std::string(kIndent, ' '),
                    Wrapped({{help.options}}, kIndent, kColumns, Palette(ColorMode::kNone)));
  }
  return absl::StrCat(
      R"(Methods (NAME[@ATTACH_POINT][:OPTION]..., "all" or "none"; a choice may stand alone: occlusion:word:delete):
)",
      methods, R"(  ATTACH_POINT is word_embedding (default), embedding_sum or embedding_output.

Targets:
  predicted        the predicted class (default of a classifier)
  mean             the mean of the model's output (default without a head)
  declined, 1      a class by label or index; label=1 if the label is a number
  A-vs-B           why A rather than B; predicted-vs-runner_up works for any text
  similarity=TEXT  closeness to another text (embedding models)
  answer           the predicted answer (default of question answering); answer=12-14: that of tokens 12 and 13

Examples:
  limpid explain "Income is stable, but two payments were missed."
  limpid explain "Hello, my dog is cute" --model minilm --target mean --attention all --npz dog.npz
  limpid explain "..." --method saliency:l1@embedding_output,gradient_x_input --granularity word
  limpid explain "..." --method gradient_x_attention:layer=-1 --target declined-vs-approved
  limpid explain - --method all --json < letter.txt
A TEXT that begins with "-" goes after "--".)");
}

std::string Saved(const std::string& path, uint64_t bytes) {
  return absl::StrFormat("%s (%.1f kB)", path, static_cast<double>(bytes) / 1000);
}

}  // namespace

CLI::App* ExplainCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("explain", "Say what the model predicts for a text, and why");
  command->add_option("TEXT", request.input.text, "What the model shall read; - reads standard input (UTF-8)")
      ->required()
      ->type_name("");
  command->add_option("--pair", request.input.pair, "Second text, for models of text pairs")->type_name("TEXT");
  AddRequestOptions(command, &request);
  command->add_option("--top", top, "List the N strongest pieces of text (0: none)")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  command->add_option("--npz", npz_path, "Write all arrays for numpy.load")->type_name("FILE");
  command->add_option("--safetensors", safetensors_path, "Write all arrays as safetensors")->type_name("FILE");
  AddCommonOptions(command, &common);
  command->footer(Footer());
  return command;
}

ExitCode ExplainCommand::Run(const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<v1::ExplainRequest> explain = MakeExplainRequest(request, streams.in);
  if (!explain.ok()) return FailUsage(explain.status(), streams.err);
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  absl::StatusOr<Explanation> explanation = client->Explain(*explain);
  if (!explanation.ok()) return Fail(explanation.status(), streams.err);

  std::vector<std::string> saved_to;
  const ExplanationArrays arrays = MakeArrays(*explain, *explanation);
  if (!npz_path.empty()) {
    const absl::StatusOr<uint64_t> bytes = WriteNpz(arrays, npz_path);
    if (!bytes.ok()) return Fail(bytes.status(), streams.err);
    saved_to.push_back(Saved(npz_path, *bytes));
  }
  if (!safetensors_path.empty()) {
    const absl::StatusOr<uint64_t> bytes = WriteSafetensors(arrays, safetensors_path);
    if (!bytes.ok()) return Fail(bytes.status(), streams.err);
    saved_to.push_back(Saved(safetensors_path, *bytes));
  }
  if (common.json) {
    const std::string command = CommandLineWords(request, *explain, explanation->summary.model());
    streams.out << Dump(ToJson(Received(*explain, command, *std::move(explanation))));
  } else {
    const ReportStyle style{Palette(ChooseColorMode(common.color, terminal)), terminal.columns, top};
    streams.out << ExplanationReport(*explain, *explanation, saved_to, style);
  }
  return kDone;
}

}  // namespace limpid::client
