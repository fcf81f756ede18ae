#include "commands/batch.h"

#include <fstream>
#include <optional>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "commands/request_options.h"
#include "commands/text_options.h"
#include "lib/batch/batch_run.h"
#include "lib/files/digest.h"
#include "lib/json.h"
#include "lib/render/visible_text.h"
#include "lib/sanity/interruption.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(INPUT is a CSV table with a header, or has one JSON object a line: {"text": "...", "text_pair": "...", "id": 7}; all but
the text may be missing. Parquet: python -m limpid.parquet, of the Python client.

OUT has a JSON object a line, in the order of the input: index, id, prediction, and attributions with pieces of the text
and their scores; or, where a text failed, error with a gRPC status code and a message. OUT.state says what was asked of
which model. The same command again, after a signal, SIGKILL or a crash, goes on where OUT ends; with another input,
other options or another model it refuses to. Standard input cannot be gone on with.

With --npz each explained text has a file of its own in FOLDER, 000000012.npz for index 12, with all arrays of limpid
explain --npz; it is there before the text's line, which then leaves attention maps out.

While the server has no room or is not there, a text waits for --retry-seconds; then the run stops, to be gone on with.
How methods and targets are written: limpid explain --help.

Examples:
  limpid batch letters.csv --text-column body --output letters.jsonl --method gradient_x_input --granularity word
  limpid batch letters.jsonl --output predictions.jsonl --predict
  limpid batch letters.jsonl --output letters.out.jsonl --npz letters.arrays --attention all
  zcat letters.csv.gz | limpid batch - --format csv --output letters.jsonl

Exit codes beside those of limpid --help: 6 all texts have a line, but some failed. SIGINT and SIGTERM end it once what
is under way is written.)";

Json StateOf(const BatchCommand& command, const BatchPlan& plan, TextFormat format, const FileDigest* digest) {
  Json input;  // null for standard input
  if (digest != nullptr) input = {{"bytes", digest->bytes}, {"sha256", digest->sha256}};
  const TextColumns& columns = command.columns;
  return {{"input", input},
          {"format", format == TextFormat::kCsv ? "csv" : "jsonl"},
          {"columns", {{"text", columns.text}, {"pair", columns.pair}, {"id", columns.id}}},
          {"predict", plan.predicts},
          {"npz", command.npz_path},
          {"request", ToJson(plan.request)},
          {"model", {{"name", plan.model.name()}, {"weights_sha256", plan.model.weights_sha256()}}}};
}

Json ResultJson(const BatchResult& result, const std::string& output) {
  const RunCounts& counts = result.counts;
  return {{"texts", counts.done},
          {"failed", counts.failed},
          {"done_before", counts.done_before},
          {"seconds", absl::ToDoubleSeconds(result.elapsed)},
          {"complete", result.stopped_by.ok()},
          {"output", output}};
}

std::string ResultText(const BatchResult& result, const std::string& output) {
  const RunCounts& counts = result.counts;
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  std::string text = absl::StrFormat("%s: %d texts, %d failed", VisibleText(output), counts.done, counts.failed);
  const size_t now = counts.done - counts.done_before;
  if (counts.done_before > 0) absl::StrAppendFormat(&text, "; %d of them now", now);
  if (now > 0) absl::StrAppendFormat(&text, "; %.2f s, %.1f texts/s", seconds, static_cast<double>(now) / seconds);
  return text + "\n";
}

}  // namespace

CLI::App* BatchCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("batch", "Explain or predict all texts of a file into another, resumably");
  command->add_option("INPUT", input_path, "Texts as CSV or JSON lines; - reads standard input")
      ->required()
      ->type_name("");
  command->add_option("-o,--output", output_path, "JSON lines to write, or to go on with")
      ->required()
      ->type_name("FILE");
  AddTextOptions(command, &format, &columns);
  CLI::Option* arrays =
      command->add_option("--npz", npz_path, "Write each text's arrays there, too, a file for numpy.load a text")
          ->type_name("FOLDER");
  command->add_flag("--predict", predicts, "The prediction alone, in place of an explanation")->excludes(arrays);
  command->add_flag("--overwrite", overwrites, "Begin anew, whatever FILE has");
  AddRunOptions(command, &concurrency, &retry_seconds);
  AddRequestOptions(command, &request);
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

ExitCode BatchCommand::Run(const Streams& streams, const Terminal& terminal) const {
  BatchPlan plan;
  plan.predicts = predicts;
  plan.concurrency = concurrency;
  const absl::StatusOr<v1::ExplainRequest> base = MakeExplainRequest(request, streams.in);
  if (!base.ok()) return FailUsage(base.status(), streams.err);
  plan.request = *base;
  plan.request.set_priority(v1::PRIORITY_BULK);
  const absl::StatusOr<TextFormat> text_format = ChooseFormat(format, input_path);
  if (!text_format.ok()) return FailUsage(text_format.status(), streams.err);

  const bool has_file = input_path != "-";
  std::ifstream file;
  FileDigest digest;
  if (has_file) {
    const absl::StatusOr<FileDigest> read = DigestFile(input_path);
    if (!read.ok()) return FailUsage(read.status(), streams.err);
    digest = *read;
    plan.input_bytes = digest.bytes;
    file.open(input_path, std::ios::binary);
  }
  absl::StatusOr<std::unique_ptr<TextSource>> source =
      MakeTextSource(*text_format, columns, has_file ? &file : &streams.in);
  if (!source.ok()) return FailUsage(source.status(), streams.err);

  Interruption interruption;  // before gRPC's threads, which inherit that signals are held back
  const absl::StatusOr<ExplainClient> client = MakeClient(common, Retries::kOff);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  const absl::StatusOr<v1::Model> model = client->GetModel(request.model);
  if (!model.ok()) return Fail(model.status(), streams.err);
  plan.model = model->identity();

  absl::StatusOr<Journal> journal =
      Journal::Open(output_path, StateOf(*this, plan, *text_format, has_file ? &digest : nullptr),
                    overwrites ? Journal::Beginning::kAnew : Journal::Beginning::kGoOn);
  if (absl::IsFailedPrecondition(journal.status())) return FailUsage(journal.status(), streams.err);
  if (!journal.ok()) return Fail(journal.status(), streams.err);
  if (!has_file && journal->num_lines() > 0) {
    return FailUsage(absl::FailedPreconditionError(
                         absl::StrCat(output_path,
                                      " has lines already, and standard input cannot be gone on with: give a file, or "
                                      "--overwrite")),
                     streams.err);
  }

  std::optional<NpzFolder> arrays;
  if (!npz_path.empty()) {
    absl::StatusOr<NpzFolder> folder = NpzFolder::Open(npz_path);
    if (!folder.ok()) return Fail(folder.status(), streams.err);
    plan.arrays = &arrays.emplace(*std::move(folder));
  }

  BatchResult result;
  const auto is_over = [&] { return interruption.has_come(); };
  {
    Progress progress(&streams.err, terminal.is_error_terminal);
    const Patience patience(absl::Seconds(retry_seconds), is_over,
                            [&](const absl::Status& failure) { progress.Waiting(failure); });
    result = RunBatch(plan, *client, patience, is_over, source->get(), &*journal, &progress);
  }
  streams.out << (common.json ? Dump(ResultJson(result, output_path)) : ResultText(result, output_path)) << std::flush;
  if (!result.stopped_by.ok()) {
    const ExitCode code = Fail(result.stopped_by, streams.err);
    streams.err << "limpid: the same command again goes on behind text " << result.counts.done << "\n" << std::flush;
    return code;
  }
  if (result.counts.failed == 0) return kDone;
  if (!result.first_failure.ok()) {
    streams.err << "limpid: the first failure: " << VisibleLines(std::string(result.first_failure.message())) << "\n";
  }
  return kSomeFailed;
}

}  // namespace limpid::client
