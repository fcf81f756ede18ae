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
  limpid bench texts.jsonl --streams 32 --method saliency --attention all)";

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

Json ResultJson(const LoadResult& result, size_t streams) {
  const double seconds = absl::ToDoubleSeconds(result.wall_time);
  const auto ms = [&](double fraction) { return absl::ToDoubleMilliseconds(result.Quantile(fraction)); };
  return {{"explained", result.latencies.size()},
          {"failed", result.num_failed},
          {"streams", streams},
          {"seconds", seconds},
          {"texts_per_second", static_cast<double>(result.latencies.size()) / seconds},
          {"tokens_per_second", static_cast<double>(result.tokens) / seconds},
          {"attention_bytes", result.attention_bytes},
          {"latency_ms", {{"p50", ms(0.5)}, {"p90", ms(0.9)}, {"p99", ms(0.99)}}}};
}

std::string ResultText(const LoadResult& result, size_t streams) {
  const double seconds = absl::ToDoubleSeconds(result.wall_time);
  const auto ms = [&](double fraction) { return absl::ToDoubleMilliseconds(result.Quantile(fraction)); };
  return absl::StrFormat(
      "%d explained, %d failed, %d streams, %.2f s\n"
      "  %.1f texts/s, %.0f tokens/s, %.1f MB/s of attention maps\n"
      "  latency ms: p50 %.1f, p90 %.1f, p99 %.1f\n",
      result.latencies.size(), result.num_failed, streams, seconds,
      static_cast<double>(result.latencies.size()) / seconds, static_cast<double>(result.tokens) / seconds,
      static_cast<double>(result.attention_bytes) / seconds / 1e6, ms(0.5), ms(0.9), ms(0.99));
}

}  // namespace

CLI::App* BenchCommand::AddTo(CLI::App* app) {
  CLI::App* command =
      app->add_subcommand("bench", "Explain all texts of a file over many streams at once, and time it");
  command->add_option("FILE", path, "Texts, one JSON object a line")->required()->type_name("");
  command->add_option("--streams", streams, "Calls under way at the same time")
      ->check(CLI::Range(size_t{1}, size_t{128}).description(""))
      ->capture_default_str()
      ->type_name("");
  command->add_option("--repeat", repeat, "How often to go through the file")
      ->check(CLI::Range(size_t{1}, size_t{1000000}).description(""))
      ->capture_default_str()
      ->type_name("");
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

  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), io.err);
  const LoadResult result = RunLoad(*client, *requests, streams);
  if (common.json) {
    io.out << Dump(ResultJson(result, streams));
  } else {
    io.out << ResultText(result, streams);
  }
  return result.num_failed == 0 ? kDone : Fail(result.first_failure, io.err);
}

}  // namespace limpid::client
