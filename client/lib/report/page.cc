#include "lib/report/page.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "lib/attention_values.h"
#include "lib/report/pages.h"

namespace limpid::client {
namespace {

// Where the templates wait for their answer.
constexpr std::string_view kPlace = R"(<script type="application/json" id="answer">)";

// Little-endian uint16 of `at(index)`, in Base64.
template <typename At>
std::string Packed(size_t count, At at) {
  std::string bytes;
  bytes.reserve(count * sizeof(uint16_t));
  for (size_t i = 0; i < count; ++i) {
    const uint16_t value = at(i);
    bytes.append({static_cast<char>(value & 0xFF), static_cast<char>(value >> 8)});
  }
  return absl::Base64Escape(bytes);
}

size_t CountValues(const AttentionMaps& maps) { return maps.num_maps() * maps.num_tokens * maps.num_keys; }

Json PackedAttention(const std::vector<AttentionMaps>& attention) {
  Json layers = Json::array();
  for (const AttentionMaps& maps : attention) {
    const size_t count = CountValues(maps);
    const auto share = [&](size_t i) {
      return static_cast<uint16_t>(std::lround(std::clamp(AttentionValue(maps, i), 0.0f, 1.0f) * 65535));
    };
    Json layer = {{"layer", maps.layer},
                  {"heads", maps.heads},
                  {"mean_over_heads", maps.mean_over_heads},
                  {"num_keys", maps.num_keys},
                  {"values", Packed(count, share)}};
    if (!maps.key_positions.empty()) {
      layer["key_positions"] = Packed(count, [&](size_t i) { return KeyPosition(maps, i); });
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

// `page` with its data in their place.
std::string Filled(std::string_view page, const Json& data) {
  const size_t begin = page.find(kPlace) + kPlace.size(), end = page.find("</script>", begin);
  std::string made(page.substr(0, begin));
  made += EscapedForScript(Dump(data, -1));
  return made.append(page.substr(end));
}

}  // namespace

std::string EscapedForScript(const std::string& json) { return absl::StrReplaceAll(json, {{"<", "\\u003c"}}); }

std::string MakePage(StoredAnswer answer, PageKind kind) {
  const std::vector<AttentionMaps> attention = std::exchange(answer.explanation.attention, {});
  size_t num_values = 0;
  for (const AttentionMaps& maps : attention) num_values += CountValues(maps);
  Json data = ToJson(answer);
  data["client_version"] = LIMPID_VERSION;
  if (kind == PageKind::kReport) {
    const bool fits = num_values <= kMaxAttentionValues;
    data["attention"] = fits ? PackedAttention(attention) : Json::array();
    data["attention_left_out"] = fits ? 0 : num_values;
  }
  return Filled(kind == PageKind::kReport ? kReportPage : kDecisionRecordPage, data);
}

std::string MakeBenchPage(const Json& report) { return Filled(kBenchPage, report); }

std::string MakeEvaluationPage(const Json& evaluation) { return Filled(kEvaluationPage, evaluation); }

}  // namespace limpid::client
