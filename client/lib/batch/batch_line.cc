#include "lib/batch/batch_line.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "lib/json.h"
#include "lib/render/unit_text.h"
#include "lib/request/message_options.h"

namespace limpid::client {
namespace {

void AddId(const TextRecord& record, Json* line) {
  if (!record.id.is_null()) (*line)["id"] = record.id;
}

// A label a token, and what the answer says, beside what is the same for all models.
void AddTokenOutputs(const SentTexts& texts, const v1::Prediction& prediction, Json* json) {
  if (prediction.has_token_classes()) {
    Json labels = Json::array();
    for (const int index : prediction.token_classes().predicted_indices()) {
      labels.push_back(prediction.classes().labels(index));
    }
    (*json)["token_labels"] = std::move(labels);
  }
  if (!prediction.has_answer()) return;
  const v1::AnswerSpan& answer = prediction.answer();
  const std::string_view text = texts.Of(answer.sequence());
  (*json)["answer"] = std::string(text.substr(answer.begin_byte(), answer.end_byte() - answer.begin_byte()));
  (*json)["answer_chars"] = {answer.begin_char(), answer.end_char()};
  (*json)["probability"] = answer.probability();
}

Json PredictionJson(const SentTexts& texts, const v1::Prediction& prediction) {
  Json json = Json::object();
  if (prediction.has_classes()) {
    const v1::ClassScores& classes = prediction.classes();
    const int predicted = classes.predicted_index();
    if (predicted < classes.labels_size()) json["label"] = classes.labels(predicted);
    if (predicted < classes.probabilities_size()) json["probability"] = classes.probabilities(predicted);
    json["labels"] = classes.labels();
    json["logits"] = classes.logits();
    json["probabilities"] = classes.probabilities();
  } else if (prediction.has_embedding()) {
    json["embedding"] = prediction.embedding().values();
  }
  AddTokenOutputs(texts, prediction, &json);
  json["target"] = prediction.target().description();
  json["value"] = prediction.target().value();
  json["truncated"] = prediction.truncated();
  return json;
}

// The piece of the text that was sent or, where there is none, the spelling of its tokens.
std::string Piece(const SentTexts& texts, const v1::Prediction& prediction, const v1::Unit& unit) {
  std::string piece(Slice(texts, unit));
  absl::StripAsciiWhitespace(&piece);
  for (uint32_t token = unit.begin_token(); piece.empty() && token < unit.end_token(); ++token) {
    piece += prediction.tokens(static_cast<int>(token)).text();
  }
  return piece;
}

Json HeadsJson(const v1::HeadScores& heads) {
  Json layers = Json::array();
  const auto width = static_cast<int>(heads.heads());
  for (int begin = 0; begin + width <= heads.scores_size() && width > 0; begin += width) {
    layers.push_back(std::vector<float>(heads.scores().begin() + begin, heads.scores().begin() + begin + width));
  }
  return layers;
}

Json QualityJson(const v1::QualityReport& report) {
  Json json = Json::object();
  for (const v1::QualityValue& value : report.values()) {
    Json& entry = json[TypedValue(*v1::Quality::Metric_descriptor(), value.metric())];
    entry["value"] = value.value();
    if (!value.has_random_value()) continue;
    entry["random_value"] = value.random_value();
    entry["beats_random"] = value.beats_random();
  }
  return json;
}

Json AttributionJson(const TextRecord& record, const Explanation& explanation, const v1::Attribution& attribution) {
  Json json = {{"method", attribution.card().method()}};
  if (attribution.has_heads()) {
    json["heads"] = HeadsJson(attribution.heads());
    return json;
  }
  const SentTexts texts{record.text, record.pair};
  Json pieces = Json::array(), begins = Json::array(), ends = Json::array();
  for (const v1::Unit& unit : attribution.units()) {
    pieces.push_back(Piece(texts, explanation.prediction, unit));
    begins.push_back(unit.begin_char());
    ends.push_back(unit.end_char());
  }
  json["pieces"] = std::move(pieces);
  json["begin_char"] = std::move(begins);
  json["end_char"] = std::move(ends);
  json["scores"] = attribution.scores();
  if (!attribution.scaled_scores().empty()) json["scaled_scores"] = attribution.scaled_scores();
  if (attribution.has_matrix()) json["matrix"] = ToJson(attribution.matrix());
  if (attribution.has_edits()) json["edits"] = ToJson(attribution.edits());
  const auto report =
      std::ranges::find(explanation.quality, attribution.method_index(), &v1::QualityReport::method_index);
  if (report != explanation.quality.end()) json["quality"] = QualityJson(*report);
  return json;
}

}  // namespace

std::string ExplainedLine(const TextRecord& record, const Explanation& explanation) {
  Json line = {{"index", record.index}};
  AddId(record, &line);
  line["prediction"] = PredictionJson({record.text, record.pair}, explanation.prediction);
  Json& attributions = line["attributions"] = Json::array();
  for (const v1::Attribution& attribution : explanation.attributions) {
    attributions.push_back(AttributionJson(record, explanation, attribution));
  }
  for (const AttentionMaps& maps : explanation.attention) line["attention"].push_back(ToJson(maps));
  return Dump(line, /*indent=*/-1);
}

std::string PredictedLine(const TextRecord& record, const v1::Prediction& prediction) {
  Json line = {{"index", record.index}};
  AddId(record, &line);
  line["prediction"] = PredictionJson({record.text, record.pair}, prediction);
  return Dump(line, /*indent=*/-1);
}

std::string FailedLine(const TextRecord& record, const absl::Status& failure) {
  Json line = {{"index", record.index},
               {"error", {{"code", absl::StatusCodeToString(failure.code())}, {"message", failure.message()}}}};
  AddId(record, &line);
  return Dump(line, /*indent=*/-1);
}

}  // namespace limpid::client
