#include "lib/gather.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

template <typename... Words>
absl::Status Broken(const Words&... words) {
  return absl::DataLossError(absl::StrCat("the server's answer is not what the contract promises: ", words...));
}

// T; the keys are all there where their positions are not named.
size_t NumTokens(const v1::AttentionChunk& chunk) {
  return chunk.key_positions().empty() ? chunk.shape(2) : chunk.num_tokens();
}

// Of the keys of `values` values.
absl::Status CheckPositions(const v1::AttentionChunk& chunk, size_t values) {
  const std::string name = absl::StrCat("attention chunk ", chunk.chunk_index());
  const std::string& positions = chunk.key_positions();
  if (chunk.shape(2) > chunk.num_tokens()) {
    return Broken(name, " has ", chunk.shape(2), " keys of ", chunk.num_tokens(), " tokens");
  }
  if (positions.size() != values * sizeof(uint16_t)) {
    return Broken(name, " has ", positions.size(), " bytes of key positions for ", values, " values");
  }
  for (size_t i = 0; i < values; ++i) {
    uint16_t position;
    std::memcpy(&position, positions.data() + i * sizeof(position), sizeof(position));
    if (position >= chunk.num_tokens()) {
      return Broken(name, " names key ", position, " of ", chunk.num_tokens(), " tokens");
    }
  }
  return absl::OkStatus();
}

// [H, Q, K] of a chunk against its heads and payload.
absl::Status CheckShape(const v1::AttentionChunk& chunk) {
  const std::string name = absl::StrCat("attention chunk ", chunk.chunk_index());
  if (chunk.shape_size() != 3) return Broken(name, " has ", chunk.shape_size(), " dimensions instead of 3");
  if (chunk.encoding() != v1::ENCODING_FLOAT32 && chunk.encoding() != v1::ENCODING_FLOAT16) {
    return Broken(name, " has the unknown encoding ", static_cast<int>(chunk.encoding()));
  }
  const size_t heads = chunk.shape(0), queries = chunk.shape(1), keys = chunk.shape(2), num_tokens = NumTokens(chunk);
  const size_t named = chunk.mean_over_heads() ? 1 : static_cast<size_t>(chunk.heads_size());
  if (heads != named) return Broken(name, " names ", named, " heads and carries ", heads);
  if (queries == 0 || queries > num_tokens || (heads > 1 && queries != num_tokens)) {
    return Broken(name, " has ", queries, " query rows of ", heads, " heads");
  }
  const size_t values = heads * queries * keys, bytes = values * (chunk.encoding() == v1::ENCODING_FLOAT16 ? 2 : 4);
  if (chunk.data().size() != bytes) return Broken(name, " has ", chunk.data().size(), " bytes instead of ", bytes);
  return chunk.key_positions().empty() ? absl::OkStatus() : CheckPositions(chunk, values);
}

}  // namespace

Gatherer::Gatherer(const v1::ExplainRequest& request)
    : num_methods_(static_cast<size_t>(request.methods_size())),
      text_bytes_(request.input().text().size()),
      pair_bytes_(request.input().text_pair().size()) {}

absl::Status Gatherer::Add(v1::ExplainResponse* part) {
  const v1::ExplainResponse::PartCase kind = part->part_case();
  // The contract grows by new parts, which a client of its age passes over.
  if (kind == v1::ExplainResponse::PART_NOT_SET) return absl::OkStatus();
  const bool is_prediction = kind == v1::ExplainResponse::kPrediction;
  if (has_summary_) return Broken("a part came after the summary");
  // Attention leaves layer by layer and may come first.
  if (kind != v1::ExplainResponse::kAttention && is_prediction == has_prediction_) {
    return Broken("its parts come in the wrong order: ", is_prediction ? "a second prediction" : "no prediction first");
  }
  switch (kind) {
    case v1::ExplainResponse::kPrediction:
      has_prediction_ = true;
      return AddPrediction(part->mutable_prediction());
    case v1::ExplainResponse::kAttribution:
      return AddAttribution(part->mutable_attribution());
    case v1::ExplainResponse::kAttention:
      return AddChunk(part->mutable_attention());
    case v1::ExplainResponse::kQuality:
      return AddQuality(part->mutable_quality());
    case v1::ExplainResponse::kSummary:
      has_summary_ = true;
      explanation_.summary = std::move(*part->mutable_summary());
      return absl::OkStatus();
    case v1::ExplainResponse::PART_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Explanation> Gatherer::Finish() && {
  if (!has_summary_) return Broken("the stream ended without a summary, so parts are missing");
  const auto num_tokens = static_cast<size_t>(explanation_.prediction.tokens_size());
  for (const AttentionMaps& maps : explanation_.attention) {
    if (maps.num_tokens != num_tokens) {
      return Broken("attention of layer ", maps.layer, " has ", maps.num_tokens, " keys for ", num_tokens, " tokens");
    }
    const size_t bytes = maps.num_maps() * maps.num_tokens * maps.num_keys * maps.value_bytes();
    if (maps.data.size() != bytes) return Broken("attention of layer ", maps.layer, " lacks query rows");
  }
  const v1::Summary& summary = explanation_.summary;
  if (summary.condition_unmet()) return std::move(explanation_);
  const size_t missing = static_cast<size_t>(summary.missing_methods_size());
  if (explanation_.attributions.size() + missing != num_methods_) {
    return Broken(explanation_.attributions.size(), " attributions came for ", num_methods_, " methods");
  }
  const bool lacks_layers = summary.missing_attention_layers_size() > 0;
  if (chunks_seen_ != chunk_count_ && !lacks_layers) {
    return Broken(chunks_seen_, " of ", chunk_count_, " attention chunks came");
  }
  return std::move(explanation_);
}

absl::Status Gatherer::CheckTokenOutputs(const v1::Prediction& prediction) const {
  const int tokens = prediction.tokens_size(), labels = prediction.classes().logits_size();
  const v1::TokenClasses& classes = prediction.token_classes();
  if (prediction.has_token_classes()) {
    const auto& indices = classes.predicted_indices();
    const bool are_labels = std::ranges::all_of(indices, [&](int index) { return index >= 0 && index < labels; });
    if (indices.size() != tokens || classes.logits_size() != tokens * labels || !are_labels ||
        prediction.target().begin_token() >= static_cast<uint32_t>(tokens)) {
      return Broken(indices.size(), " labels of tokens come with ", tokens, " tokens and ", labels, " labels");
    }
  }
  const v1::AnswerSpan& answer = prediction.answer();
  if (!prediction.has_answer()) return absl::OkStatus();
  const bool is_within = answer.begin_token() < answer.end_token() &&
                         answer.end_token() <= static_cast<uint32_t>(tokens) &&
                         answer.begin_byte() <= answer.end_byte() && answer.end_byte() <= TextBytes(answer.sequence());
  if (is_within && answer.begin_logits_size() == tokens && answer.end_logits_size() == tokens) return absl::OkStatus();
  return Broken("an answer of tokens ", answer.begin_token(), " to ", answer.end_token(), " came with ", tokens,
                " tokens");
}

absl::Status Gatherer::AddPrediction(v1::Prediction* prediction) {
  const v1::ClassScores& classes = prediction->classes();
  for (const int size : {classes.probabilities_size(), classes.labels_size()}) {
    if (size != 0 && size != classes.logits_size()) {
      return Broken(classes.logits_size(), " logits come with ", size, " probabilities or labels");
    }
  }
  if (prediction->has_classes() &&
      (classes.predicted_index() < 0 || classes.predicted_index() >= classes.logits_size())) {
    return Broken("class ", classes.predicted_index(), " of ", classes.logits_size(), " is predicted");
  }
  if (const absl::Status valid = CheckTokenOutputs(*prediction); !valid.ok()) return valid;
  explanation_.prediction = std::move(*prediction);
  return absl::OkStatus();
}

absl::Status Gatherer::AddAttribution(v1::Attribution* attribution) {
  const size_t index = explanation_.attributions.size();
  if (index >= num_methods_ || attribution->method_index() != index) {
    return Broken("attribution ", index, " of ", num_methods_, " says it is number ", attribution->method_index());
  }
  if (attribution->has_heads()) {
    const v1::HeadScores& heads = attribution->heads();
    const uint64_t count = uint64_t{heads.layers()} * heads.heads();
    if (count != static_cast<uint64_t>(heads.scores_size())) {
      return Broken(heads.scores_size(), " head scores for ", heads.layers(), " layers of ", heads.heads(), " heads");
    }
  } else if (const absl::Status scores = CheckScores(*attribution); !scores.ok()) {
    return scores;
  }
  (attribution->is_refining() ? explanation_.refinements : explanation_.attributions)
      .push_back(std::move(*attribution));
  return absl::OkStatus();
}

absl::Status Gatherer::AddQuality(v1::QualityReport* report) {
  if (report->method_index() >= explanation_.attributions.size()) {
    return Broken("a quality report of method ", report->method_index(), " came before its attribution");
  }
  for (const v1::QualityValue& value : report->values()) {
    if (value.curve_size() != value.shares_size()) {
      return Broken("a curve has ", value.curve_size(), " points at ", value.shares_size(), " shares");
    }
  }
  explanation_.quality.push_back(std::move(*report));
  return absl::OkStatus();
}

absl::Status Gatherer::CheckUnit(const v1::Unit& unit) const {
  const auto num_tokens = static_cast<uint32_t>(explanation_.prediction.tokens_size());
  if (unit.begin_token() >= unit.end_token() || unit.end_token() > num_tokens) {
    return Broken("a unit covers tokens ", unit.begin_token(), " to ", unit.end_token(), " of ", num_tokens);
  }
  if (unit.begin_byte() > unit.end_byte() || unit.end_byte() > TextBytes(unit.sequence())) {
    return Broken("a unit covers bytes ", unit.begin_byte(), " to ", unit.end_byte(), " of a text of ",
                  TextBytes(unit.sequence()));
  }
  return absl::OkStatus();
}

absl::Status Gatherer::CheckScores(const v1::Attribution& attribution) const {
  if (attribution.scores_size() != attribution.units_size()) {
    return Broken(attribution.scores_size(), " scores for ", attribution.units_size(), " units");
  }
  for (const v1::Unit& unit : attribution.units()) {
    if (const absl::Status status = CheckUnit(unit); !status.ok()) return status;
  }
  const int rows = explanation_.prediction.tokens_size(), columns = attribution.matrix().other_tokens_size();
  if (attribution.has_matrix() && attribution.matrix().values_size() != int64_t{rows} * columns) {
    return Broken(attribution.matrix().values_size(), " values for ", rows, " x ", columns, " tokens");
  }
  return attribution.has_edits() ? CheckEdits(attribution.edits()) : absl::OkStatus();
}

absl::Status Gatherer::CheckEdits(const v1::Edits& edits) const {
  for (const v1::Edit& edit : edits.edits()) {
    if (const absl::Status status = CheckUnit(edit.unit()); !status.ok()) return status;
  }
  const int num_classes = explanation_.prediction.classes().logits_size();
  for (const int index : {edits.class_before(), edits.class_after()}) {
    if (index < 0 || index >= num_classes) return Broken("class ", index, " of ", num_classes, " is decided on");
  }
  return absl::OkStatus();
}

size_t Gatherer::TextBytes(int32_t sequence) const {
  if (sequence == 0) return text_bytes_;
  return sequence == 1 ? pair_bytes_ : 0;
}

absl::Status Gatherer::AddChunk(v1::AttentionChunk* part) {
  const v1::AttentionChunk& chunk = *part;
  if (chunk.chunk_index() != chunks_seen_ || chunk.chunk_index() >= chunk.chunk_count() ||
      (chunks_seen_ > 0 && chunk.chunk_count() != chunk_count_)) {
    return Broken("attention chunk ", chunk.chunk_index(), " of ", chunk.chunk_count(), " came where chunk ",
                  chunks_seen_, " was due");
  }
  ++chunks_seen_;
  chunk_count_ = chunk.chunk_count();
  if (const absl::Status shape = CheckShape(chunk); !shape.ok()) return shape;
  const size_t num_tokens = NumTokens(chunk), num_keys = chunk.shape(2);

  std::vector<AttentionMaps>& all = explanation_.attention;
  if (all.empty() || all.back().layer != chunk.layer()) {
    all.push_back({.layer = chunk.layer(),
                   .heads = {},
                   .mean_over_heads = chunk.mean_over_heads(),
                   .num_tokens = num_tokens,
                   .num_keys = num_keys,
                   .encoding = chunk.encoding(),
                   .data = {},
                   .key_positions = {}});
  }
  AttentionMaps& maps = all.back();
  const size_t rows_so_far = maps.data.size() / (maps.num_keys * maps.value_bytes());
  if (maps.encoding != chunk.encoding() || maps.mean_over_heads != chunk.mean_over_heads() ||
      maps.num_tokens != num_tokens || maps.num_keys != num_keys ||
      (rows_so_far > 0 && maps.key_positions.empty() != chunk.key_positions().empty())) {
    return Broken("attention chunk ", chunk.chunk_index(), " is encoded unlike the others of its layer");
  }
  // In the order of the contract the payloads simply follow each other: rows of a head, heads of a layer.
  if (rows_so_far % num_tokens != chunk.query_begin()) {
    return Broken("attention chunk ", chunk.chunk_index(), " begins at query ", chunk.query_begin(), " instead of ",
                  rows_so_far % num_tokens);
  }
  if (chunk.query_begin() == 0) maps.heads.insert(maps.heads.end(), chunk.heads().begin(), chunk.heads().end());
  // Most layers come in one chunk.
  if (maps.data.empty()) {
    maps.data = std::move(*part->mutable_data());
    maps.key_positions = std::move(*part->mutable_key_positions());
  } else {
    maps.data += chunk.data();
    maps.key_positions += chunk.key_positions();
  }
  return absl::OkStatus();
}

}  // namespace limpid::client
