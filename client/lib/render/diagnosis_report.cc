#include "lib/render/diagnosis_report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr size_t kNameColumns = 12;
constexpr size_t kHashDigits = 12;

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string Failure(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", VisibleLines(std::string(status.message())));
}

std::string HealthText(const HealthFinding& finding) {
  return absl::StrCat("\"", finding.name, "\" ",
                      finding.status.ok() ? *finding.status : Failure(finding.status.status()));
}

void AddModels(const Diagnosis& diagnosis, Lines* lines) {
  if (!diagnosis.models.ok()) {
    lines->emplace_back("models", Failure(diagnosis.models.status()));
    return;
  }
  if (diagnosis.models->models().empty()) {
    lines->emplace_back("model", "none is loaded");
    return;
  }
  const v1::Server& server = diagnosis.models->models(0).server();
  lines->emplace_back("version", absl::StrCat("limpid-server ", VisibleText(server.version())));
  lines->emplace_back("device", absl::StrCat(VisibleText(server.device()), ", ", server.threads(), " threads"));
  for (const v1::Model& model : diagnosis.models->models()) {
    const v1::Limits& limits = model.limits();
    const std::string hash = VisibleText(model.identity().weights_sha256());
    lines->emplace_back(
        "model",
        absl::StrCat(VisibleText(model.identity().name()), model.is_default() ? " (the default)" : "", ": up to ",
                     limits.max_tokens(), " tokens, ", limits.max_text_bytes(), " bytes of text, ",
                     limits.max_attention_bytes(), " bytes of attention; weights ", hash.substr(0, kHashDigits)));
  }
}

void AddSelfTests(const Diagnosis& diagnosis, Lines* lines) {
  for (const SelfTest& test : diagnosis.self_tests) {
    const std::string result = test.status.ok() ? absl::StrFormat("%d pieces of text explained in %.1f ms",
                                                                  test.num_units, absl::ToDoubleMilliseconds(test.time))
                                                : Failure(test.status);
    lines->emplace_back("self-test", absl::StrCat(VisibleText(test.model), ": ", result));
  }
}

}  // namespace

std::string DiagnosisReport(const Diagnosis& diagnosis, const ServerAddress& server, const Palette& palette) {
  Lines lines = {
      {"server", absl::StrCat(VisibleText(server.address), server.has_tls() ? ", TLS" : ", plaintext")},
      {"round trip", absl::StrFormat("%.2f ms", absl::ToDoubleMilliseconds(diagnosis.round_trip))},
  };
  for (const HealthFinding& finding : diagnosis.health) lines.emplace_back("health", HealthText(finding));
  AddModels(diagnosis, &lines);
  AddSelfTests(diagnosis, &lines);
  std::string report;
  for (const auto& [name, value] : lines) {
    absl::StrAppend(&report, palette.Bold(PaddedRight(name, kNameColumns)), value, "\n");
  }
  return report + (diagnosis.is_well() ? "All is well.\n" : palette.Bold("Not all is well.") + "\n");
}

Json DiagnosisJson(const Diagnosis& diagnosis, const ServerAddress& server) {
  Json json = {{"server", server.address},
               {"tls", server.has_tls()},
               {"well", diagnosis.is_well()},
               {"round_trip_ms", absl::ToDoubleMilliseconds(diagnosis.round_trip)}};
  for (const HealthFinding& finding : diagnosis.health) {
    json["health"][finding.name] = finding.status.ok() ? *finding.status : Failure(finding.status.status());
  }
  if (!diagnosis.models.ok()) {
    json["error"] = Failure(diagnosis.models.status());
    return json;
  }
  const Json listed = ToJson(*diagnosis.models);
  if (!listed["models"].empty()) json.update(listed["models"][0]["server"]);
  json["models"] = listed["models"];
  json["self_tests"] = Json::array();
  for (const SelfTest& test : diagnosis.self_tests) {
    json["self_tests"].push_back({{"model", test.model},
                                  {"status", absl::StatusCodeToString(test.status.code())},
                                  {"message", std::string(test.status.message())},
                                  {"units", test.num_units},
                                  {"ms", absl::ToDoubleMilliseconds(test.time)}});
  }
  return json;
}

}  // namespace limpid::client
