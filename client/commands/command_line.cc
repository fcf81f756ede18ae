#include "commands/command_line.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "commands/attack.h"
#include "commands/batch.h"
#include "commands/bench.h"
#include "commands/check.h"
#include "commands/compare.h"
#include "commands/completion.h"
#include "commands/doctor.h"
#include "commands/evaluate.h"
#include "commands/exit_codes.h"
#include "commands/explain.h"
#include "commands/generate.h"
#include "commands/man.h"
#include "commands/models.h"
#include "commands/predict.h"
#include "commands/report.h"
#include "commands/sanity.h"
#include "lib/render/visible_text.h"
#include "lib/render/wrapped.h"

namespace limpid::client {
namespace {

constexpr char kExamples[] = R"(  limpid models
  limpid predict "Income is stable, but two payments were missed."
  limpid explain "Income is stable, but two payments were missed." --method gradient_x_input
  limpid compare "Income is stable, but two payments were missed." --method saliency,occlusion
  limpid attack "Income is stable, but two payments were missed." --max-edits 2
  limpid evaluate letters.csv --text-column body --label-column decision --html evaluation.html
  limpid report --text "Income is stable, but two payments were missed." -o report.html
  limpid batch letters.csv --text-column body --output letters.jsonl
  limpid sanity ./my-model "Income is stable, but two payments were missed."
  limpid explain --help)";

constexpr size_t kColumns = 120;

std::string Footer() {
  std::vector<std::string> codes;
  for (const auto& [code, meaning] : ExitCodes()) codes.push_back(absl::StrCat(code, " ", meaning));
  const std::string sentence = absl::StrCat("Exit codes: ", absl::StrJoin(codes, ", "), ".");
  return absl::StrCat("Examples:\n", kExamples, "\n\n", Wrapped({{sentence}}, 0, kColumns, Palette(ColorMode::kNone)));
}

std::string FailureMessage(const CLI::App* app, const CLI::Error& error) {
  const std::vector<CLI::App*> chosen = app->get_subcommands();
  const std::string command = chosen.empty() ? "" : " " + chosen.front()->get_name();
  return "limpid: " + VisibleLines(error.what()) + "\nlimpid" + command + " --help says what is possible.\n";
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, const Streams& streams, const Terminal& terminal) {
  CLI::App app("Asks a Limpid server what a Transformer predicts, and why.", "limpid");
  ExplainCommand explain;
  CompareCommand compare;
  AttackCommand attack;
  EvaluateCommand evaluate;
  GenerateCommand generate;
  ReportCommand report;
  PredictCommand predict;
  ModelsCommand models;
  BatchCommand batch;
  BenchCommand bench;
  DoctorCommand doctor;
  CheckCommand check;
  SanityCommand sanity;
  CompletionCommand completion;
  ManCommand man;
  const CLI::App* explain_app = explain.AddTo(&app);
  const CLI::App* compare_app = compare.AddTo(&app);
  const CLI::App* attack_app = attack.AddTo(&app);
  const CLI::App* evaluate_app = evaluate.AddTo(&app);
  const CLI::App* report_app = report.AddTo(&app);
  const CLI::App* predict_app = predict.AddTo(&app);
  const CLI::App* generate_app = generate.AddTo(&app);
  const CLI::App* batch_app = batch.AddTo(&app);
  const CLI::App* bench_app = bench.AddTo(&app);
  const CLI::App* doctor_app = doctor.AddTo(&app);
  const CLI::App* check_app = check.AddTo(&app);
  const CLI::App* sanity_app = sanity.AddTo(&app);
  const CLI::App* completion_app = completion.AddTo(&app);
  const CLI::App* man_app = man.AddTo(&app, kExamples);
  models.AddTo(&app);
  app.require_subcommand(1);
  app.set_version_flag("--version", "limpid " LIMPID_VERSION);
  app.footer(Footer());
  app.failure_message(FailureMessage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, streams.out, streams.err) == 0 ? kDone : kUsage;
  }
  if (explain_app->parsed()) return explain.Run(streams, terminal);
  if (compare_app->parsed()) return compare.Run(streams, terminal);
  if (attack_app->parsed()) return attack.Run(streams, terminal);
  if (evaluate_app->parsed()) return evaluate.Run(streams, terminal);
  if (report_app->parsed()) return report.Run(streams);
  if (predict_app->parsed()) return predict.Run(streams, terminal);
  if (generate_app->parsed()) return generate.Run(streams, terminal);
  if (batch_app->parsed()) return batch.Run(streams, terminal);
  if (bench_app->parsed()) return bench.Run(streams, terminal);
  if (check_app->parsed()) return check.Run(streams, terminal);
  if (doctor_app->parsed()) return doctor.Run(streams, terminal);
  if (sanity_app->parsed()) return sanity.Run(streams, terminal);
  if (completion_app->parsed()) return completion.Run(streams);
  if (man_app->parsed()) return man.Run(streams);
  return models.Run(streams, terminal);
}

}  // namespace limpid::client
