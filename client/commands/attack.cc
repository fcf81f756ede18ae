#include "commands/attack.h"

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands/text_options.h"
#include "lib/attack/attack.h"
#include "lib/batch/text_run.h"
#include "lib/json.h"
#include "lib/render/attack_report.h"
#include "lib/render/visible_text.h"
#include "lib/request/message_options.h"
#include "lib/request/method_spec.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(Methods: hot_flip (tokens replaced), counterfactual (the smallest edit, words taken out too), input_reduction (what can
be taken out while the decision stays); their options: limpid explain --help. The server has verified every edit by passes
of its own. "as text" is what the model says of the edited text when it reads it anew.

With --file a line a method: texts whose target was ahead to begin with, those where the search succeeded (the decision
flips; of a reduction: stays) within the budget, mean number of their edits, how many are proven minimal, how many hold as
text, mean passes. The file is CSV or JSON lines as for limpid batch, which keeps each text's edits.

Examples:
  limpid attack "Income is stable, but two payments were missed."
  limpid attack "..." --method hot_flip --words-only --max-edits 2
  limpid attack --file letters.csv --text-column body --method counterfactual --max-edits 3
A TEXT that begins with "-" goes after "--".

Exit codes beside those of limpid --help: 6 some texts of the file failed.)";

// Sets a budget of all methods that have it; INVALID_ARGUMENT if none has.
absl::Status SetBudget(absl::string_view flag, const std::string& option, v1::ExplainRequest* request) {
  const google::protobuf::OneofDescriptor* kind = v1::Method::descriptor()->oneof_decl(0);
  bool is_set = false;
  for (v1::Method& method : *request->mutable_methods()) {
    const google::protobuf::Reflection* reflection = method.GetReflection();
    const google::protobuf::FieldDescriptor* field = reflection->GetOneofFieldDescriptor(method, kind);
    is_set |= SetOption(option, reflection->MutableMessage(&method, field));
  }
  return is_set ? absl::OkStatus()
                : absl::InvalidArgumentError(absl::StrCat(flag, ": none of the methods has such a budget"));
}

}  // namespace

CLI::App* AttackCommand::AddTo(CLI::App* app) {
  request.methods = {"hot_flip", "input_reduction", "counterfactual"};
  CLI::App* command = app->add_subcommand("attack", "Find the edits that change a decision, of a text or a file");
  CLI::Option* text =
      command->add_option("TEXT", request.input.text, "What the model shall read; - reads standard input (UTF-8)")
          ->type_name("");
  CLI::Option* pair =
      command->add_option("--pair", request.input.pair, "Second text, for models of text pairs")->type_name("TEXT");
  command->add_option("--file", input_path, "Attack all texts of a CSV or JSONL file")
      ->excludes(text)
      ->excludes(pair)
      ->type_name("FILE");
  AddTextOptions(command, &format, &columns);
  command->add_option("--model", request.model, "Name of a loaded model (default: the server's)")->type_name("NAME");
  command->add_option("--method", request.methods, "Comma list of methods, see below")
      ->allow_extra_args(false)
      ->take_all()
      ->default_str(absl::StrJoin(request.methods, ","))
      ->type_name("");
  command->add_option("--target", request.target, "The class that shall lose (default: predicted)")
      ->type_name("TARGET");
  command->add_option("--max-edits", max_edits, "Most edits (default: 6; a reduction: all words)")->type_name("N");
  command->add_option("--max-passes", max_passes, "Most passes of a search (default: 512)")->type_name("N");
  command->add_option("--beam-width", beam_width, "Of the search (default: 4)")->type_name("N");
  command->add_option("--candidates", candidates, "Replacements tried of a token and round (default: 8)")
      ->type_name("N");
  command->add_flag("--words-only", words_only, "Put in whole words of letters only");
  command
      ->add_option("--truncation", request.input.truncation,
                   "If the text is too long: error, longest_first, only_first or only_second")
      ->capture_default_str()
      ->type_name("");
  AddRunOptions(command, &concurrency, &retry_seconds);
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

absl::StatusOr<v1::ExplainRequest> AttackCommand::MakeRequest(std::istream& standard_input) const {
  if (input_path.empty() && request.input.text.empty()) {
    return absl::InvalidArgumentError("no text: give TEXT, or --file FILE");
  }
  absl::StatusOr<v1::ExplainRequest> attack = MakeExplainRequest(request, standard_input);
  if (!attack.ok()) return attack;
  for (const v1::Method& method : attack->methods()) {
    if (IsEditMethod(method)) continue;
    return absl::InvalidArgumentError(
        "--method: hot_flip, input_reduction or counterfactual; the others find no edits");
  }
  if (attack->methods().empty()) return absl::InvalidArgumentError("--method: none is left");
  const std::tuple<const char*, const char*, const std::optional<uint32_t>&> budgets[] = {
      {"--max-edits", "max_edits", max_edits},
      {"--max-passes", "max_rows", max_passes},
      {"--beam-width", "beam_width", beam_width},
      {"--candidates", "candidates", candidates}};
  for (const auto& [flag, field, value] : budgets) {
    if (!value.has_value()) continue;
    const absl::Status set = SetBudget(flag, absl::StrCat(field, "=", *value), &*attack);
    if (!set.ok()) return set;
  }
  if (words_only) {
    if (const absl::Status set = SetBudget("--words-only", "words_only", &*attack); !set.ok()) return set;
  }
  return attack;
}

ExitCode AttackCommand::Run(const Streams& streams, const Terminal& terminal) const {
  absl::StatusOr<v1::ExplainRequest> attack = MakeRequest(streams.in);
  if (!attack.ok()) return FailUsage(attack.status(), streams.err);
  return input_path.empty() ? AttackOne(*attack, streams, terminal) : AttackFile(*std::move(attack), streams, terminal);
}

ExitCode AttackCommand::AttackOne(const v1::ExplainRequest& attack, const Streams& streams,
                                  const Terminal& terminal) const {
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  const absl::StatusOr<Attacked> attacked = AttackText(*client, attack);
  if (!attacked.ok()) return Fail(attacked.status(), streams.err);
  const Palette palette(ChooseColorMode(common.color, terminal));
  streams.out << (common.json ? Dump(AttackJson(attack, *attacked))
                              : AttackReport(attack, *attacked, palette, terminal.columns));
  return kDone;
}

ExitCode AttackCommand::AttackFile(v1::ExplainRequest attack, const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<std::unique_ptr<TextFile>> file = OpenTextFile(input_path, format, columns);
  if (!file.ok()) return FailUsage(file.status(), streams.err);
  const absl::StatusOr<ExplainClient> client = MakeClient(common, Retries::kOff);
  if (!client.ok()) return FailUsage(client.status(), streams.err);

  attack.set_priority(v1::PRIORITY_BULK);
  const std::vector<std::string> methods = MethodSpecs(request.methods);
  std::vector<AttackTally> tallies(methods.size());
  Json texts = Json::array();
  TextRunResult run;
  {
    Progress progress(&streams.err, terminal.is_error_terminal);
    const auto deliver = [&](const TextRecord& record, const absl::StatusOr<Attacked>& attacked) {
      Json text = {{"index", record.index}, {"id", record.id}};
      if (!attacked.ok()) {
        text["error"] = attacked.status().message();
      } else {
        for (size_t i = 0; i < methods.size(); ++i) {
          tallies[i].Add(attacked->explanation.attributions[i], attacked->rereadings[i]);
        }
        text["attacks"] = AttackedTextJson(*attacked);
      }
      if (common.json) texts.push_back(std::move(text));
    };
    run = AskAboutEach<Attacked>(
        {attack, concurrency, absl::Seconds(retry_seconds)},
        [&](const v1::ExplainRequest& one) { return AttackText(*client, one); }, deliver, file->get(), &progress);
  }
  if (!run.stopped_by.ok()) return Fail(run.stopped_by, streams.err);
  if (common.json) {
    streams.out << Dump({{"request", ToJson(attack)},
                         {"num_texts", run.counts.done},
                         {"failed", run.counts.failed},
                         {"methods", AttackTableJson(methods, tallies)},
                         {"texts", std::move(texts)}});
  } else {
    const Palette palette(ChooseColorMode(common.color, terminal));
    streams.out << VisibleText(input_path) << ": " << run.counts.done << " texts, " << run.counts.failed
                << " failed\n\n"
                << AttackTable(methods, tallies, palette);
  }
  return SomeFailed(run, streams.err);
}

}  // namespace limpid::client
