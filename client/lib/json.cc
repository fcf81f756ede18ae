#include "lib/json.h"

#include "google/protobuf/util/json_util.h"
#include "lib/attention_values.h"

namespace limpid::client {
namespace {

// [H][T][K] of what `at` says about each key.
template <typename At>
Json Grid(const AttentionMaps& maps, At at) {
  Json all = Json::array();
  size_t index = 0;
  for (size_t map = 0; map < maps.num_maps(); ++map) {
    Json rows = Json::array();
    for (size_t query = 0; query < maps.num_tokens; ++query) {
      Json row = Json::array();
      for (size_t key = 0; key < maps.num_keys; ++key) row.push_back(at(maps, index++));
      rows.push_back(std::move(row));
    }
    all.push_back(std::move(rows));
  }
  return all;
}

}  // namespace

Json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Only dynamic messages (Any) can fail; the contract has none.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  return Json::parse(text);
}

Json ToJson(const AttentionMaps& maps) {
  Json layer = {{"layer", maps.layer},
                {"heads", maps.heads},
                {"mean_over_heads", maps.mean_over_heads},
                {"values", Grid(maps, AttentionValue)}};
  if (!maps.key_positions.empty()) layer["key_positions"] = Grid(maps, KeyPosition);
  return layer;
}

Json ToJson(const Explanation& explanation) {
  Json attributions = Json::array(), refinements = Json::array(), quality = Json::array(), attention = Json::array();
  for (const v1::Attribution& attribution : explanation.attributions) attributions.push_back(ToJson(attribution));
  for (const v1::Attribution& refinement : explanation.refinements) refinements.push_back(ToJson(refinement));
  for (const v1::QualityReport& report : explanation.quality) quality.push_back(ToJson(report));
  for (const AttentionMaps& maps : explanation.attention) attention.push_back(ToJson(maps));
  return {{"prediction", ToJson(explanation.prediction)},
          {"attributions", std::move(attributions)},
          {"refinements", std::move(refinements)},
          {"quality", std::move(quality)},
          {"attention", std::move(attention)},
          {"summary", ToJson(explanation.summary)}};
}

Json Provenance(const Explanation& explanation) {
  Json methods = Json::array();
  for (const v1::Attribution& attribution : explanation.attributions) methods.push_back(ToJson(attribution.card()));
  return {{"target", ToJson(explanation.prediction.target())},
          {"methods", std::move(methods)},
          {"truncated", explanation.prediction.truncated()},
          {"summary", ToJson(explanation.summary)}};
}

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace limpid::client
