#include "commands/report.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "commands/request_options.h"
#include "lib/files/output_file.h"
#include "lib/report/page.h"
#include "lib/request/command_line_words.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(One HTML file without anything outside of it: the text as a heatmap, prediction, attention, how far the explanation
can be trusted, and where it comes from. With --decision-record one sheet for the files of whoever decides.

Unless options say otherwise it asks for scores by integrated gradients and three more methods, with quality and all
attention maps. `limpid explain --help` says what methods, targets and options there are.

Examples:
  limpid report --text "Income is stable, but two payments were missed." -o report.html
  limpid explain "..." --method all --attention all --quality default --json > answer.json
  limpid report answer.json -o report.html
  limpid report answer.json --decision-record -o record.html)";

absl::StatusOr<std::string> ReadAll(const std::string& path, std::istream& standard_input) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(standard_input), {});
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ", or it is empty"));
  return text;
}

}  // namespace

ReportCommand::ReportCommand() {
  request.methods = {"integrated_gradients:send_refinements,gradient_x_input,attention_rollout,head_importance"};
  request.attention = "all";
  request.attention_encoding = "fp16";
  // As many passes for a long text as for a short one, unlike deletion and insertion.
  request.quality = "comprehensiveness:sufficiency:random_orders=8";
}

CLI::App* ReportCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("report", "An explanation as one HTML file, or as a sheet for the files");
  CLI::Option* stored =
      command->add_option("ANSWER", answer_path, "What `limpid explain --json` wrote; - reads standard input")
          ->type_name("");
  CLI::Option* text = command->add_option("--text", request.input.text, "Ask about this text instead; - reads it")
                          ->type_name("TEXT")
                          ->excludes(stored);
  command->add_option("--pair", request.input.pair, "Second text, for models of text pairs")
      ->type_name("TEXT")
      ->needs(text);
  command->add_option("-o,--output", output_path, "Where to write it (default: standard output)")->type_name("FILE");
  command->add_flag("--decision-record", is_decision_record, "One sheet for people who decide, to sign and file");
  AddRequestOptions(command, &request);
  AddServerOptions(command, &common);
  command->footer(kFooter);
  command->callback([stored, text] {
    if (stored->empty() && text->empty()) throw CLI::RequiredError("ANSWER or --text");
  });
  return command;
}

ExitCode ReportCommand::Run(const Streams& streams) const {
  absl::StatusOr<StoredAnswer> answer;
  if (answer_path.empty()) {
    ExplainOptions asked = request;
    if (is_decision_record) asked.attention = "none";
    const absl::StatusOr<v1::ExplainRequest> explain = MakeExplainRequest(asked, streams.in);
    if (!explain.ok()) return FailUsage(explain.status(), streams.err);
    const absl::StatusOr<ExplainClient> client = MakeClient(common);
    if (!client.ok()) return FailUsage(client.status(), streams.err);
    absl::StatusOr<Explanation> explanation = client->Explain(*explain);
    if (!explanation.ok()) return Fail(explanation.status(), streams.err);
    const std::string command = CommandLineWords(asked, *explain, explanation->summary.model());
    answer = Received(*explain, command, *std::move(explanation));
  } else {
    const absl::StatusOr<std::string> text = ReadAll(answer_path, streams.in);
    if (!text.ok()) return FailUsage(text.status(), streams.err);
    answer = ReadStoredAnswer(*text);
    if (absl::IsInvalidArgument(answer.status())) return FailUsage(answer.status(), streams.err);
    if (!answer.ok()) return Fail(answer.status(), streams.err);
  }
  const std::string page =
      MakePage(*std::move(answer), is_decision_record ? PageKind::kDecisionRecord : PageKind::kReport);
  if (output_path.empty()) {
    streams.out << page;
    return kDone;
  }
  const absl::Status written = WriteFile(output_path, page);
  return written.ok() ? kDone : Fail(written, streams.err);
}

}  // namespace limpid::client
