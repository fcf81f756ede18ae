#include "commands/bench.h"

#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "commands/request_options.h"
#include "lib/json.h"
#include "lib/load.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(FILE has one JSON object a line: {"text": "...", "text_pair": "..."}; the pair may be missing.
How methods, targets and maps are written: limpid explain --help.

Example:
  limpid bench texts.jsonl --streams 32 --method saliency --attention all
  limpid bench texts.jsonl --streams 512 --rate 400 --repeat 20        at five times what a server of 80 a second can)";

absl::Status LineError(const std::string& path, size_t line, const std::string& problem) {
  return absl::InvalidArgumentError(absl::StrCat(path, " line ", line, ": ", problem));
}

// `base` with the text of each line.
absl::StatusOr<std::vector<v1::ExplainRequest>> ReadRequests(const std::string& path, const v1::ExplainRequest& base) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  std::vector<v1::ExplainRequest> requests;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("text") || !json["text"].is_string()) {
      return LineError(path, number, "not a JSON object with a string \"text\"");
    }
    v1::ExplainRequest request = base;
    request.mutable_input()->set_text(json["text"].get<std::string>());
    if (json.contains("text_pair")) {
      if (!json["text_pair"].is_string()) return LineError(path, number, "\"text_pair\" is not a string");
      request.mutable_input()->set_text_pair(json["text_pair"].get<std::string>());
    }
    requests.push_back(std::move(request));
  }
  if (requests.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  return requests;
}

const char* Done(const LoadPlan& plan) { return plan.predicts ? "predicted" : "explained"; }

double Ms(const Latencies& latencies, double fraction) {
  return absl::ToDoubleMilliseconds(Quantile(latencies, fraction));
}

Json LatencyJson(const Latencies& latencies) {
  return {{"p50", Ms(latencies, 0.5)}, {"p90", Ms(latencies, 0.9)}, {"p99", Ms(latencies, 0.99)}};
}

Json ResultJson(const LoadResult& result, const LoadPlan& plan) {
  const double seconds = absl::ToDoubleSeconds(result.wall_time);
  Json failures = Json::object();
  for (const auto& [code, latencies] : result.failed) {
    failures[absl::StatusCodeToString(code)] = {{"count", latencies.size()}, {"latency_ms", LatencyJson(latencies)}};
  }
  return {{Done(plan), result.latencies.size()},
          {"failed", result.num_failed()},
          {"failures", failures},
          {"streams", plan.streams},
          {"rate", plan.rate},
          {"seconds", seconds},
          {"texts_per_second", static_cast<double>(result.latencies.size()) / seconds},
          {"tokens_per_second", static_cast<double>(result.tokens) / seconds},
          {"attention_bytes", result.attention_bytes},
          {"latency_ms", LatencyJson(result.latencies)},
          {"server_overhead_ms", LatencyJson(result.overheads)}};
}

std::string ResultText(const LoadResult& result, const LoadPlan& plan) {
  const double seconds = absl::ToDoubleSeconds(result.wall_time);
  std::string text = absl::StrFormat(
      "%d %s, %d failed, %d streams, %.2f s\n"
      "  %.1f texts/s, %.0f tokens/s, %.1f MB/s of attention maps\n"
      "  latency ms: p50 %.1f, p90 %.1f, p99 %.1f\n"
      "  server's time beside the model, ms: p50 %.2f, p99 %.2f\n",
      result.latencies.size(), Done(plan), result.num_failed(), plan.streams, seconds,
      static_cast<double>(result.latencies.size()) / seconds, static_cast<double>(result.tokens) / seconds,
      static_cast<double>(result.attention_bytes) / seconds / 1e6, Ms(result.latencies, 0.5), Ms(result.latencies, 0.9),
      Ms(result.latencies, 0.99), Ms(result.overheads, 0.5), Ms(result.overheads, 0.99));
  for (const auto& [code, latencies] : result.failed) {
    absl::StrAppendFormat(&text, "  %s: %d, after ms: p50 %.1f, p99 %.1f\n", absl::StatusCodeToString(code),
                          latencies.size(), Ms(latencies, 0.5), Ms(latencies, 0.99));
  }
  return text;
}

// Enough connections for the calls: a server allows 128 streams on each.
absl::StatusOr<std::vector<ExplainClient>> MakeClients(const CommonOptions& common, size_t streams) {
  constexpr size_t kStreamsPerConnection = 100;
  std::vector<ExplainClient> clients;
  for (size_t i = 0; i * kStreamsPerConnection < streams; ++i) {
    absl::StatusOr<ExplainClient> client = MakeClient(common, Retries::kOff);
    if (!client.ok()) return client.status();
    clients.push_back(*std::move(client));
  }
  return clients;
}

}  // namespace

CLI::App* BenchCommand::AddTo(CLI::App* app) {
  CLI::App* command =
      app->add_subcommand("bench", "Explain or predict all texts of a file over many streams at once, and time it");
  command->add_option("FILE", path, "Texts, one JSON object a line")->required()->type_name("");
  command->add_option("--streams", plan.streams, "Calls under way at the same time")
      ->check(CLI::Range(size_t{1}, size_t{4096}).description(""))
      ->capture_default_str()
      ->type_name("");
  command->add_option("--rate", plan.rate, "Calls a second at random times (Poisson), whatever the answers do")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->type_name("");
  command->add_option("--repeat", repeat, "How often to go through the file")
      ->check(CLI::Range(size_t{1}, size_t{1000000}).description(""))
      ->capture_default_str()
      ->type_name("");
  command->add_flag("--predict", plan.predicts, "The prediction alone, in place of an explanation");
  AddRequestOptions(command, &request);
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

ExitCode BenchCommand::Run(const Streams& io, const Terminal&) const {
  const absl::StatusOr<v1::ExplainRequest> base = MakeExplainRequest(request, io.in);
  if (!base.ok()) return FailUsage(base.status(), io.err);
  absl::StatusOr<std::vector<v1::ExplainRequest>> requests = ReadRequests(path, *base);
  if (!requests.ok()) return FailUsage(requests.status(), io.err);
  const size_t once = requests->size();
  requests->reserve(once * repeat);
  for (size_t i = once; i < once * repeat; ++i) requests->push_back((*requests)[i - once]);

  const absl::StatusOr<std::vector<ExplainClient>> clients = MakeClients(common, plan.streams);
  if (!clients.ok()) return FailUsage(clients.status(), io.err);
  const LoadResult result = RunLoad(*clients, *requests, plan);
  if (common.json) {
    io.out << Dump(ResultJson(result, plan));
  } else {
    io.out << ResultText(result, plan);
  }
  return result.num_failed() == 0 ? kDone : Fail(result.first_failure, io.err);
}

}  // namespace limpid::client
