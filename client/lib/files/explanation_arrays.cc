#include "lib/files/explanation_arrays.h"

#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/json.h"

namespace limpid::client {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are little-endian");

template <typename Values>
std::string_view BytesOf(const Values& values) {
  return {reinterpret_cast<const char*>(values.data()), static_cast<size_t>(values.size()) * sizeof(*values.data())};
}

class Builder {
 public:
  // Of memory that the answer owns.
  template <typename Values>
  void AddView(std::string name, DType dtype, std::vector<size_t> shape, const Values& values) {
    out_.arrays.push_back({std::move(name), dtype, std::move(shape), BytesOf(values)});
  }

  template <typename Values>
  void AddCopy(std::string name, DType dtype, std::vector<size_t> shape, const Values& values) {
    out_.storage.emplace_back(BytesOf(values));
    out_.arrays.push_back({std::move(name), dtype, std::move(shape), out_.storage.back()});
  }

  void AddText(std::string name, std::vector<std::string> values) {
    out_.texts.push_back({std::move(name), std::move(values)});
  }

  ExplanationArrays Take() && { return std::move(out_); }

 private:
  ExplanationArrays out_;
};

void AddTokens(const v1::Prediction& prediction, Builder* builder) {
  std::vector<std::string> texts;
  std::vector<int32_t> ids, sequences;
  std::vector<uint8_t> is_special;
  std::vector<uint32_t> bytes, chars;
  for (const v1::Token& token : prediction.tokens()) {
    texts.push_back(token.text());
    ids.push_back(token.id());
    sequences.push_back(token.sequence());
    is_special.push_back(token.is_special());
    bytes.insert(bytes.end(), {token.begin_byte(), token.end_byte()});
    chars.insert(chars.end(), {token.begin_char(), token.end_char()});
  }
  const size_t count = ids.size();
  builder->AddText("tokens", std::move(texts));
  builder->AddCopy("token_ids", DType::kInt32, {count}, ids);
  builder->AddCopy("is_special", DType::kBool, {count}, is_special);
  builder->AddCopy("sequence", DType::kInt32, {count}, sequences);
  builder->AddCopy("offsets.bytes", DType::kUInt32, {count, 2}, bytes);
  builder->AddCopy("offsets.chars", DType::kUInt32, {count, 2}, chars);
}

void AddOutput(const v1::Prediction& prediction, Builder* builder) {
  if (prediction.has_embedding()) {
    const auto& values = prediction.embedding().values();
    builder->AddView("embedding", DType::kFloat32, {static_cast<size_t>(values.size())}, values);
    return;
  }
  if (prediction.has_answer()) {
    const v1::AnswerSpan& answer = prediction.answer();
    builder->AddView("begin_logits", DType::kFloat32, {static_cast<size_t>(answer.begin_logits_size())},
                     answer.begin_logits());
    builder->AddView("end_logits", DType::kFloat32, {static_cast<size_t>(answer.end_logits_size())},
                     answer.end_logits());
    builder->AddCopy("answer", DType::kUInt32, {2}, std::vector<uint32_t>{answer.begin_token(), answer.end_token()});
    return;
  }
  const v1::ClassScores& classes = prediction.classes();
  const auto count = static_cast<size_t>(classes.logits_size());
  builder->AddView("logits", DType::kFloat32, {count}, classes.logits());
  if (!classes.probabilities().empty()) {
    builder->AddView("probabilities", DType::kFloat32, {count}, classes.probabilities());
  }
  builder->AddText("labels", {classes.labels().begin(), classes.labels().end()});
  if (!prediction.has_token_classes()) return;
  builder->AddView("token_logits", DType::kFloat32, {static_cast<size_t>(prediction.tokens_size()), count},
                   prediction.token_classes().logits());
}

void AddAttribution(const v1::Attribution& attribution, Builder* builder) {
  const std::string index = absl::StrCat(attribution.method_index());
  if (attribution.has_heads()) {
    const v1::HeadScores& heads = attribution.heads();
    builder->AddView("heads." + index, DType::kFloat32, {heads.layers(), heads.heads()}, heads.scores());
    return;
  }
  const auto count = static_cast<size_t>(attribution.scores_size());
  builder->AddView(absl::StrCat("scores.", index, ".", attribution.card().method()), DType::kFloat32, {count},
                   attribution.scores());
  std::vector<uint32_t> ranges;
  for (const v1::Unit& unit : attribution.units()) {
    ranges.insert(ranges.end(), {unit.begin_token(), unit.end_token()});
  }
  builder->AddCopy("units." + index, DType::kUInt32, {count, 2}, ranges);
}

void AddAttention(const std::vector<AttentionMaps>& attention, Builder* builder) {
  for (const AttentionMaps& maps : attention) {
    const std::string name = absl::StrCat("attention.", maps.layer);
    const std::vector<size_t> shape = {maps.num_maps(), maps.num_tokens, maps.num_keys};
    builder->AddView(name, maps.encoding == v1::ENCODING_FLOAT16 ? DType::kFloat16 : DType::kFloat32, shape, maps.data);
    if (!maps.key_positions.empty()) builder->AddView(name + ".keys", DType::kUInt16, shape, maps.key_positions);
  }
  if (attention.empty()) return;
  const std::vector<uint32_t>& heads = attention.front().heads;
  builder->AddView("attention.heads", DType::kUInt32, {heads.size()}, heads);
}

}  // namespace

ExplanationArrays MakeArrays(const v1::ExplainRequest& request, const Explanation& explanation) {
  Builder builder;
  std::vector<std::string> texts = {request.input().text()};
  if (!request.input().text_pair().empty()) texts.push_back(request.input().text_pair());
  builder.AddText("text", std::move(texts));
  AddTokens(explanation.prediction, &builder);
  AddOutput(explanation.prediction, &builder);
  for (const v1::Attribution& attribution : explanation.attributions) AddAttribution(attribution, &builder);
  AddAttention(explanation.attention, &builder);
  builder.AddText("info", {Dump(Provenance(explanation))});
  return std::move(builder).Take();
}

}  // namespace limpid::client
