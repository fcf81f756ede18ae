#include "commands/bench.h"

#include <algorithm>
#include <functional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "commands/request_options.h"
#include "lib/files/output_file.h"
#include "lib/load/knee.h"
#include "lib/load/mix.h"
#include "lib/load/rates.h"
#include "lib/load/slo.h"
#include "lib/render/load_table.h"
#include "lib/report/page.h"
#include "lib/sanity/interruption.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(FILE has one JSON object a line: {"text": "..."}, and where they are wanted "text_pair", "weight" (how often, beside
the other lines), "label" (calls counted together), "rpc" (explain or predict) and any option above that says how to
explain, as "method": "saliency", "attention_top_k": 4.
How methods, targets and maps are written: limpid explain --help.

With --rate latency counts from when a call was due, so that a server that falls behind cannot hide it. Conditions
(--slo) are p99<250ms (any quantile; a call that failed was never answered), max<2s, errors<1% and rate>=100; where one
does not hold the exit code is 7. --find-knee looks for the highest rate that meets them all. Ctrl-C (or SIGTERM) ends it once
what is under way is answered; what was measured until then is printed and written, marked as interrupted.

Examples:
  limpid bench texts.jsonl --streams 32 --method saliency --attention all
  limpid bench texts.jsonl --streams 1,8,32,128 --duration 20 --warmup 5 --html load.html
  limpid bench texts.jsonl --rate 50:400:8 --duration 60 --warmup 10 --output-json load.json --html load.html
  limpid bench texts.jsonl --find-knee --slo 'p99<250ms' --duration 60 --warmup 10
  limpid bench texts.jsonl --rate 100 --duration 600 --slo 'p99<250ms' --slo 'errors<0.1%')";

// An open loop's streams are a limit, not the load.
constexpr size_t kClosedStreams = 32, kOpenStreams = 512;
// Where the search for the knee begins.
constexpr double kFirstRate = 16;

struct BenchPlan {
  std::vector<MixLine> mix;
  std::vector<Stage> stages;  // of a search for the knee the first
  std::vector<Slo> slos;
};

absl::Status AddStages(const BenchCommand& command, BenchPlan* plan) {
  absl::StatusOr<std::vector<double>> rates = ParseRates("--rate", command.rates);
  if (!rates.ok()) return rates.status();
  if (rates->empty()) rates->push_back(command.finds_knee ? kFirstRate : 0);
  const bool is_open = rates->front() > 0;
  std::vector<size_t> streams = command.streams;
  if (streams.empty()) streams.push_back(is_open ? kOpenStreams : kClosedStreams);
  if (is_open && streams.size() > 1) return absl::InvalidArgumentError("--streams: one number, with --rate");
  if (command.finds_knee && rates->size() > 1)
    return absl::InvalidArgumentError("--rate: one number, with --find-knee");
  const size_t fewest = *std::min_element(streams.begin(), streams.end());
  if (fewest < command.servers.size()) return absl::InvalidArgumentError("--streams: fewer than there are --servers");
  Stage stage;
  stage.arrivals = command.arrivals == "constant" ? Arrivals::kConstant : Arrivals::kPoisson;
  stage.seed = command.seed;
  stage.duration = absl::Seconds(command.duration_seconds);
  if (command.duration_seconds == 0) stage.calls = plan->mix.size() * command.repeat;
  for (const double rate : *rates) {
    stage.rate = rate;
    for (const size_t count : streams) {
      stage.streams = count;
      plan->stages.push_back(stage);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<BenchPlan> MakePlan(const BenchCommand& command) {
  BenchPlan plan;
  // An option that no line could use is not a line's fault.
  std::istringstream nothing;
  const absl::Status options = MakeExplainRequest(command.request, nothing).status();
  if (!options.ok()) return options;
  absl::StatusOr<std::vector<MixLine>> mix = ReadMix(command.path, command.request, command.predicts);
  if (!mix.ok()) return mix.status();
  plan.mix = *std::move(mix);
  for (const std::string& text : command.slos) {
    absl::StatusOr<Slo> slo = ParseSlo(text);
    if (!slo.ok()) return slo.status();
    plan.slos.push_back(*std::move(slo));
  }
  const absl::Status added = AddStages(command, &plan);
  if (!added.ok()) return added;
  return plan;
}

std::vector<std::string> Servers(const BenchCommand& command) {
  return command.servers.empty() ? std::vector<std::string>{command.common.server.address} : command.servers;
}

// Enough connections for the calls, servers taking turns: a server allows 128 streams on each.
absl::StatusOr<std::vector<Connection>> MakeConnections(const BenchCommand& command, size_t streams) {
  constexpr size_t kStreamsPerConnection = 100;
  const std::vector<std::string> servers = Servers(command);
  std::vector<Connection> connections;
  while (connections.size() * kStreamsPerConnection < streams || connections.size() % servers.size() != 0) {
    CommonOptions options = command.common;
    options.server.address = servers[connections.size() % servers.size()];
    absl::StatusOr<ExplainClient> client = MakeClient(options, Retries::kOff);
    if (!client.ok()) return client.status();
    connections.push_back({options.server.address, *std::move(client)});
  }
  return connections;
}

// So that no measured call waits for a connection. What the health service says does not matter, it may not be there.
absl::Status Connect(const std::vector<Connection>& connections) {
  for (const Connection& connection : connections) {
    const absl::Status status = connection.client.Health("").status();
    if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) return status;
  }
  return absl::OkStatus();
}

// Runs one stage and keeps what came of it; nothing once it is all over.
using StageRunner = std::function<const MeasuredStage*(const Stage&)>;

void RunStages(const BenchPlan& plan, bool finds_knee, const StageRunner& run, LoadReport* report) {
  if (!finds_knee) {
    for (const Stage& stage : plan.stages) run(stage);
    return;
  }
  Stage stage = plan.stages.front();
  report->knee = FindKnee(stage.rate, [&](double rate) {
    stage.rate = rate;
    const MeasuredStage* measured = run(stage);
    return measured != nullptr && AllHold(measured->slos);
  });
}

absl::Status WriteFiles(const BenchCommand& command, const Json& report) {
  if (!command.json_path.empty()) {
    const absl::Status written = WriteFile(command.json_path, Dump(report));
    if (!written.ok()) return written;
  }
  return command.html_path.empty() ? absl::OkStatus() : WriteFile(command.html_path, MakeBenchPage(report));
}

ExitCode Verdict(const LoadReport& report, std::ostream& err) {
  absl::Status first_failure;
  bool is_answered = false, holds = true;
  for (const auto& [result, slos] : report.stages) {
    if (first_failure.ok()) first_failure = result.first_failure;
    is_answered |= result.all.answered.count() > 0;
    holds &= AllHold(slos);
  }
  const bool has_slos = !report.stages.front().slos.empty();
  if (!has_slos || !is_answered) return first_failure.ok() ? kDone : Fail(first_failure, err);
  return (report.knee.has_value() ? *report.knee > 0 : holds) ? kDone : kSloMissed;
}

}  // namespace

CLI::App* BenchCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("bench", "A load test: texts of a file at a concurrency or a rate, timed");
  command->add_option("FILE", path, "What to ask, one JSON object a line")->required()->type_name("");
  command
      ->add_option("--streams", streams,
                   "Calls under way at the same time (32; with --rate at most 512); a list is stages")
      ->delimiter(',')
      ->check(CLI::Range(size_t{1}, size_t{4096}).description(""))
      ->type_name("N,...");
  command->add_option("--rate", rates, "Calls a second whatever the answers do; a list or FROM:TO:STEPS is stages")
      ->type_name("");
  command->add_option("--arrivals", arrivals, "Of --rate: poisson (random times) or constant")
      ->check(CLI::IsMember({"poisson", "constant"}).description(""))
      ->capture_default_str()
      ->type_name("");
  command->add_option("--seed", seed, "Of the random times")->capture_default_str()->type_name("N");
  CLI::Option* repeats = command->add_option("--repeat", repeat, "How often each stage goes through the file")
                             ->check(CLI::Range(size_t{1}, size_t{1000000}).description(""))
                             ->capture_default_str()
                             ->type_name("");
  CLI::Option* duration =
      command->add_option("--duration", duration_seconds, "Seconds of each stage, in place of --repeat")
          ->check(CLI::Range(0.001, 1e6).description(""))
          ->excludes(repeats)
          ->type_name("");
  command->add_option("--warmup", warmup_seconds, "Seconds of the first stage's load that are not counted")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->type_name("");
  CLI::Option* slo = command->add_option("--slo", slos, "Condition to meet, see below; may be given again")
                         ->allow_extra_args(false)
                         ->take_all()
                         ->type_name("");
  command->add_flag("--find-knee", finds_knee, "Look for the highest rate that meets --slo, from --rate (16) on")
      ->needs(slo)
      ->needs(duration);
  command->add_option("--servers", servers, "Several servers that share the streams, in place of --server")
      ->delimiter(',')
      ->type_name("HOST:PORT");
  command->add_flag("--predict", predicts, "The prediction alone, in place of an explanation");
  command->add_option("--output-json", json_path, "What --json prints, in a file")->type_name("FILE");
  command->add_option("--html", html_path, "The result as a page with plots")->type_name("FILE");
  AddRequestOptions(command, &request);
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

ExitCode BenchCommand::Run(const Streams& io, const Terminal&) const {
  const absl::StatusOr<BenchPlan> plan = MakePlan(*this);
  if (!plan.ok()) return FailUsage(plan.status(), io.err);
  size_t most_streams = 0;
  for (const Stage& stage : plan->stages) most_streams = std::max(most_streams, stage.streams);
  Interruption interruption;  // before gRPC's threads, which inherit that signals are held back
  const auto is_over = [&] { return interruption.has_come(); };
  const absl::StatusOr<std::vector<Connection>> connections = MakeConnections(*this, most_streams);
  if (!connections.ok()) return FailUsage(connections.status(), io.err);
  if (const absl::Status status = Connect(*connections); !status.ok()) return Fail(status, io.err);

  LoadReport report;
  report.file = path;
  report.num_lines = plan->mix.size();
  report.servers = Servers(*this);
  report.started_at = absl::Now();
  report.warmup = absl::Seconds(warmup_seconds);
  if (warmup_seconds > 0) {
    Stage warmup = plan->stages.front();
    warmup.calls = 0;
    warmup.duration = report.warmup;
    RunStage(*connections, plan->mix, warmup, is_over);
  }
  if (!common.json) io.out << LoadTableHead();
  const StageRunner run = [&](const Stage& stage) -> const MeasuredStage* {
    if (is_over()) return nullptr;
    StageResult result = RunStage(*connections, plan->mix, stage, is_over);
    std::vector<SloOutcome> outcomes = CheckSlos(plan->slos, result);
    report.stages.push_back({std::move(result), std::move(outcomes)});
    if (!common.json) io.out << LoadTableRow(report.stages.back()) << std::flush;
    return &report.stages.back();
  };
  RunStages(*plan, finds_knee, run, &report);
  report.is_interrupted = is_over();
  if (report.is_interrupted) report.knee.reset();
  if (report.stages.empty()) return Fail(absl::UnknownError("interrupted before anything was measured"), io.err);

  const Json json = LoadReportJson(report);
  io.out << (common.json ? Dump(json) : LastWords(report)) << std::flush;
  if (const absl::Status written = WriteFiles(*this, json); !written.ok()) return Fail(written, io.err);
  return Verdict(report, io.err);
}

}  // namespace limpid::client
