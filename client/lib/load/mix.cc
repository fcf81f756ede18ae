#include "lib/load/mix.h"

#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/json.h"

namespace limpid::client {
namespace {

// Takes the value of a field; an error says what is wrong with it.
using Taker = std::function<absl::Status(const Json&)>;

Taker String(std::string* value) {
  return [value](const Json& json) {
    if (!json.is_string()) return absl::InvalidArgumentError("not a string");
    *value = json.get<std::string>();
    return absl::OkStatus();
  };
}

Taker Flag(bool* value) {
  return [value](const Json& json) {
    if (!json.is_boolean()) return absl::InvalidArgumentError("neither true nor false");
    *value = json.get<bool>();
    return absl::OkStatus();
  };
}

absl::Status TakeWeight(const Json& json, double* weight) {
  if (!json.is_number() || !(json.get<double>() > 0)) return absl::InvalidArgumentError("not a number above 0");
  *weight = json.get<double>();
  return absl::OkStatus();
}

absl::Status TakeRpc(const Json& json, bool* predicts) {
  if (json != "explain" && json != "predict") return absl::InvalidArgumentError("neither \"explain\" nor \"predict\"");
  *predicts = json == "predict";
  return absl::OkStatus();
}

absl::Status TakeTopK(const Json& json, uint32_t* top_k) {
  if (!json.is_number_unsigned()) return absl::InvalidArgumentError("not a whole number from 0 on");
  *top_k = json.get<uint32_t>();
  return absl::OkStatus();
}

// One comma list.
absl::Status TakeMethods(const Json& json, std::vector<std::string>* methods) {
  methods->resize(1);
  return String(&methods->front())(json);
}

std::map<std::string, Taker> Fields(MixLine* line, ExplainOptions* options) {
  options->input.pair.reset();
  return {
      {"text", String(&options->input.text)},
      {"text_pair", [=](const Json& json) { return String(&options->input.pair.emplace())(json); }},
      {"weight", [=](const Json& json) { return TakeWeight(json, &line->weight); }},
      {"label", String(&line->label)},
      {"rpc", [=](const Json& json) { return TakeRpc(json, &line->predicts); }},
      {"model", String(&options->model)},
      {"method", [=](const Json& json) { return TakeMethods(json, &options->methods); }},
      {"target", String(&options->target)},
      {"score", String(&options->score)},
      {"attention", String(&options->attention)},
      {"attention_mean", Flag(&options->attention_mean)},
      {"attention_encoding", String(&options->attention_encoding)},
      {"attention_top_k", [=](const Json& json) { return TakeTopK(json, &options->attention_top_k); }},
      {"granularity", String(&options->granularity)},
      {"aggregation", String(&options->aggregation)},
      {"normalization", String(&options->normalization)},
      {"drop_special_tokens", Flag(&options->drop_special_tokens)},
      {"quality", String(&options->quality)},
      {"truncation", String(&options->input.truncation)},
  };
}

absl::StatusOr<MixLine> ReadLine(const std::string& text, ExplainOptions options, bool predicts) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("not a JSON object");
  MixLine line;
  line.predicts = predicts;
  const std::map<std::string, Taker> fields = Fields(&line, &options);
  for (const auto& [name, value] : json.items()) {
    const auto field = fields.find(name);
    if (field == fields.end()) return absl::InvalidArgumentError(absl::StrCat("there is no field \"", name, "\""));
    const absl::Status taken = field->second(value);
    if (!taken.ok()) return absl::InvalidArgumentError(absl::StrCat("\"", name, "\": ", taken.message()));
  }
  if (!json.contains("text")) return absl::InvalidArgumentError("it has no \"text\"");
  // A text of "-" is a text here.
  const std::string input = std::exchange(options.input.text, "");
  std::istringstream nothing;
  absl::StatusOr<v1::ExplainRequest> request = MakeExplainRequest(options, nothing);
  if (!request.ok()) return request.status();
  line.request = *std::move(request);
  line.request.mutable_input()->set_text(input);
  return line;
}

}  // namespace

absl::StatusOr<std::vector<MixLine>> ReadMix(const std::string& path, const ExplainOptions& base, bool predicts) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  std::vector<MixLine> lines;
  std::string text;
  for (size_t number = 1; std::getline(file, text); ++number) {
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    absl::StatusOr<MixLine> line = ReadLine(text, base, predicts);
    if (!line.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, " line ", number, ": ", line.status().message()));
    }
    lines.push_back(*std::move(line));
  }
  if (lines.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  return lines;
}

MixOrder::MixOrder(const std::vector<MixLine>& lines) : lines_(lines) {
  for (size_t i = 0; i < lines.size(); ++i) turns_.emplace(1 / lines[i].weight, i);
}

const MixLine& MixOrder::Next() {
  const auto [when, index] = turns_.top();
  turns_.pop();
  turns_.emplace(when + 1 / lines_[index].weight, index);
  return lines_[index];
}

}  // namespace limpid::client
