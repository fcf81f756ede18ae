#include "commands/evaluate.h"

#include <memory>
#include <sstream>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "commands/request_options.h"
#include "commands/text_options.h"
#include "lib/batch/text_run.h"
#include "lib/evaluate/evaluation.h"
#include "lib/files/output_file.h"
#include "lib/json.h"
#include "lib/render/evaluation_report.h"
#include "lib/render/visible_text.h"
#include "lib/report/page.h"
#include "lib/request/method_spec.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(Of each method and measure: over how many texts, mean, standard error of the mean, the mean of random orders of the same
words beside it, and the share of texts where the method beats all of these orders. A text that a method has no measures
of is left out of that method's numbers alone. Methods, measures and targets: limpid explain --help.

--label-column names the column of the right class, by its name or number: how often the model is right, a line a class.
The file is CSV or JSON lines as for limpid batch. --method none --quality none asks for the labels alone.

Examples:
  limpid evaluate letters.csv --text-column body --label-column decision
  limpid evaluate letters.jsonl --method saliency,occlusion,lime --quality deletion:insertion:random_orders=4
  limpid evaluate letters.csv --json --html evaluation.html

Exit codes beside those of limpid --help: 6 some texts of the file failed.)";

}  // namespace

CLI::App* EvaluateCommand::AddTo(CLI::App* app) {
  request.methods = {"saliency", "gradient_x_input", "integrated_gradients"};
  request.quality = "default";
  CLI::App* command = app->add_subcommand("evaluate", "How far methods can be trusted over a file of texts");
  command->add_option("FILE", input_path, "Texts: CSV with a header, or a JSON object a line")
      ->required()
      ->type_name("");
  AddTextOptions(command, &format, &columns);
  command->add_option("--label-column", columns.label, "Of the right class (default: none)")->type_name("NAME");
  command->add_option("--html", html_path, "The result as a page with plots")->type_name("FILE");
  AddRunOptions(command, &concurrency, &retry_seconds);
  AddRequestOptions(command, &request);
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

absl::StatusOr<v1::ExplainRequest> EvaluateCommand::MakeRequest() const {
  std::istringstream nothing;
  absl::StatusOr<v1::ExplainRequest> asked = MakeExplainRequest(request, nothing);
  if (!asked.ok()) return asked;
  if (asked->has_attention()) return absl::InvalidArgumentError("--attention: nothing of it is measured");
  const bool measures = asked->has_quality() && !asked->methods().empty();
  if (!measures && columns.label.empty()) {
    return absl::InvalidArgumentError("nothing to measure: --method and --quality, or --label-column");
  }
  asked->set_priority(v1::PRIORITY_BULK);
  return asked;
}

ExitCode EvaluateCommand::Run(const Streams& streams, const Terminal& terminal) const {
  absl::StatusOr<v1::ExplainRequest> asked = MakeRequest();
  if (!asked.ok()) return FailUsage(asked.status(), streams.err);
  const absl::StatusOr<std::unique_ptr<TextFile>> file = OpenTextFile(input_path, format, columns);
  if (!file.ok()) return FailUsage(file.status(), streams.err);
  const absl::StatusOr<ExplainClient> client = MakeClient(common, Retries::kOff);
  if (!client.ok()) return FailUsage(client.status(), streams.err);

  Evaluation evaluation(MethodSpecs(request.methods), !columns.label.empty());
  TextRunResult run;
  {
    Progress progress(&streams.err, terminal.is_error_terminal);
    run = AskAboutEach<Explanation>(
        {*asked, concurrency, absl::Seconds(retry_seconds)},
        [&](const v1::ExplainRequest& one) { return client->Explain(one); },
        [&](const TextRecord& record, const absl::StatusOr<Explanation>& explanation) {
          if (explanation.ok()) evaluation.Add(record, *explanation);
        },
        file->get(), &progress);
  }
  if (!run.stopped_by.ok()) return Fail(run.stopped_by, streams.err);

  Json json = {{"client_version", LIMPID_VERSION},
               {"file", input_path},
               {"request", ToJson(*asked)},
               {"num_texts", run.counts.done},
               {"failed", run.counts.failed}};
  json.update(EvaluationJson(evaluation));
  if (common.json) {
    streams.out << Dump(json);
  } else {
    const Palette palette(ChooseColorMode(common.color, terminal));
    streams.out << VisibleText(input_path) << ": " << run.counts.done << " texts, " << run.counts.failed
                << " failed\n\n"
                << EvaluationReport(evaluation, palette);
  }
  if (!html_path.empty()) {
    if (const absl::Status written = WriteFile(html_path, MakeEvaluationPage(json)); !written.ok()) {
      return Fail(written, streams.err);
    }
  }
  return SomeFailed(run, streams.err);
}

}  // namespace limpid::client
