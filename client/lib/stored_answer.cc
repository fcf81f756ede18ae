#include "lib/stored_answer.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"

namespace limpid::client {
namespace {

// An answer's own depth is 7. Writing JSON out goes as deep as it is, on the stack.
constexpr int kMaxDepth = 32;

absl::Status NoAnswer(const std::string& reason) {
  return absl::InvalidArgumentError(absl::StrCat("no answer of `limpid explain --json`: ", reason));
}

// Fields of later versions are passed over.
absl::Status ReadMessage(const Json& json, google::protobuf::Message* message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(Dump(json, -1), message, options);
  return status.ok() ? absl::OkStatus() : NoAnswer(std::string(status.message().data(), status.message().size()));
}

const Json& Member(const Json& json, const char* name) {
  static const Json& nothing = *new Json();
  const auto found = json.find(name);
  return found == json.end() ? nothing : *found;
}

const Json& List(const Json& json, const char* name) {
  static const Json& empty = *new Json(Json::array());
  const Json& member = Member(json, name);
  return member.is_array() ? member : empty;
}

template <typename T>
void AppendNumber(const Json& number, std::string* bytes) {
  const T value = number.is_number() ? number.get<T>() : T{};
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
std::string Flattened(const Json& maps) {
  std::string bytes;
  for (const Json& rows : maps) {
    for (const Json& row : rows) {
      for (const Json& number : row) AppendNumber<T>(number, &bytes);
    }
  }
  return bytes;
}

// A layer as the one chunk that it may come in. The gatherer compares shape and bytes.
absl::Status ReadAttention(const Json& layer, v1::AttentionChunk* chunk) {
  const Json& values = Member(layer, "values");
  if (!values.is_array() || values.empty() || !values[0].is_array() || values[0].empty() || !values[0][0].is_array()) {
    return NoAnswer("attention without values");
  }
  const Json named = {{"layer", Member(layer, "layer")},
                      {"heads", Member(layer, "heads")},
                      {"mean_over_heads", Member(layer, "mean_over_heads")}};
  if (const absl::Status read = ReadMessage(named, chunk); !read.ok()) return read;
  chunk->set_encoding(v1::ENCODING_FLOAT32);
  for (const size_t size : {values.size(), values[0].size(), values[0][0].size()}) {
    chunk->add_shape(static_cast<uint32_t>(size));
  }
  chunk->set_data(Flattened<float>(values));
  if (const Json& positions = Member(layer, "key_positions"); positions.is_array()) {
    chunk->set_key_positions(Flattened<uint16_t>(positions));
    chunk->set_num_tokens(static_cast<uint32_t>(values[0].size()));
  }
  return absl::OkStatus();
}

// The answer's parts in an order that a server may send them in.
absl::StatusOr<std::vector<v1::ExplainResponse>> ReadParts(const Json& json) {
  std::vector<v1::ExplainResponse> parts;
  absl::Status status = ReadMessage(Member(json, "prediction"), parts.emplace_back().mutable_prediction());
  const Json& refinements = List(json, "refinements");
  const auto add = [&](const Json& message, auto part) {
    if (status.ok()) status = ReadMessage(message, (parts.emplace_back().*part)());
  };
  const Json& attributions = List(json, "attributions");
  for (size_t i = 0; i <= attributions.size(); ++i) {
    for (const Json& refinement : refinements) {
      if (Member(refinement, "method_index") == i) add(refinement, &v1::ExplainResponse::mutable_attribution);
    }
    if (i < attributions.size()) add(attributions[i], &v1::ExplainResponse::mutable_attribution);
  }
  for (const Json& report : List(json, "quality")) add(report, &v1::ExplainResponse::mutable_quality);
  const Json& attention = List(json, "attention");
  for (const Json& layer : attention) {
    if (!status.ok()) break;
    v1::AttentionChunk* chunk = parts.emplace_back().mutable_attention();
    status = ReadAttention(layer, chunk);
    chunk->set_chunk_index(static_cast<uint32_t>(&layer - &attention[0]));
    chunk->set_chunk_count(static_cast<uint32_t>(attention.size()));
  }
  add(Member(json, "summary"), &v1::ExplainResponse::mutable_summary);
  if (!status.ok()) return status;
  return parts;
}

std::string Text(const Json& json, const char* name) {
  const Json& member = Member(json, name);
  return member.is_string() ? member.get<std::string>() : "";
}

}  // namespace

StoredAnswer Received(v1::ExplainRequest request, std::string command, Explanation explanation) {
  return {std::move(request), std::move(command),
          absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()), std::move(explanation)};
}

Json ToJson(const StoredAnswer& answer) {
  Json json = {{"request", ToJson(answer.request)}, {"command", answer.command}, {"received_at", answer.received_at}};
  json.update(ToJson(answer.explanation));
  return json;
}

absl::StatusOr<StoredAnswer> ReadStoredAnswer(std::string_view text) {
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) { return depth < kMaxDepth; };
  const Json json = Json::parse(text, is_shallow, /*allow_exceptions=*/false);
  if (!json.is_object()) return NoAnswer("not a JSON object");
  for (const char* name : {"request", "prediction", "summary"}) {
    if (!Member(json, name).is_object()) return NoAnswer(absl::StrCat("it has no \"", name, "\""));
  }
  StoredAnswer answer;
  if (const absl::Status read = ReadMessage(json["request"], &answer.request); !read.ok()) return read;
  answer.command = Text(json, "command");
  answer.received_at = Text(json, "received_at");
  absl::StatusOr<std::vector<v1::ExplainResponse>> parts = ReadParts(json);
  if (!parts.ok()) return parts.status();
  Gatherer gatherer(answer.request);
  for (v1::ExplainResponse& part : *parts) {
    if (const absl::Status added = gatherer.Add(&part); !added.ok()) return added;
  }
  absl::StatusOr<Explanation> explanation = std::move(gatherer).Finish();
  if (!explanation.ok()) return explanation.status();
  answer.explanation = *std::move(explanation);
  return answer;
}

}  // namespace limpid::client
