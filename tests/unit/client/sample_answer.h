#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/gather.h"
#include "limpid/v1/explain.pb.h"

// A small answer of a classifier, as messages: "no, not paid" read as [CLS] no , not paid [SEP].
namespace limpid::client {

inline constexpr char kSampleText[] = "no, not paid";

inline v1::ExplainRequest SampleRequest(int num_methods = 1) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text(kSampleText);
  for (int i = 0; i < num_methods; ++i) request.add_methods()->mutable_saliency();
  return request;
}

struct SamplePiece {
  const char* token;
  uint32_t begin, end;
};

inline const std::vector<SamplePiece>& SamplePieces() {
  static const auto& pieces = *new std::vector<SamplePiece>{{"[CLS]", 0, 0}, {"no", 0, 2},    {",", 2, 3},
                                                            {"not", 4, 7},   {"paid", 8, 12}, {"[SEP]", 0, 0}};
  return pieces;
}

inline v1::ExplainResponse SamplePrediction() {
  v1::ExplainResponse response;
  v1::Prediction* prediction = response.mutable_prediction();
  for (size_t i = 0; i < SamplePieces().size(); ++i) {
    const SamplePiece& piece = SamplePieces()[i];
    v1::Token* token = prediction->add_tokens();
    token->set_text(piece.token);
    token->set_id(static_cast<int32_t>(100 + i));
    token->set_is_special(piece.token[0] == '[');
    token->set_sequence(token->is_special() ? -1 : 0);
    token->set_begin_byte(piece.begin);
    token->set_end_byte(piece.end);
    token->set_begin_char(piece.begin);
    token->set_end_char(piece.end);
  }
  v1::ClassScores* classes = prediction->mutable_classes();
  for (const float logit : {2.0f, -1.0f}) classes->add_logits(logit);
  for (const float probability : {0.9526f, 0.0474f}) classes->add_probabilities(probability);
  for (const char* label : {"declined", "approved"}) classes->add_labels(label);
  prediction->mutable_target()->set_description("logit of class 0 (declined)");
  prediction->mutable_target()->set_value(2.0f);
  return response;
}

inline v1::ExplainResponse SampleAttribution(uint32_t index, const std::vector<float>& scores, bool is_signed = false) {
  v1::ExplainResponse response;
  v1::Attribution* attribution = response.mutable_attribution();
  attribution->set_method_index(index);
  v1::MethodCard* card = attribution->mutable_card();
  card->set_method(is_signed ? "gradient_x_input" : "saliency");
  card->set_attach_point(v1::ATTACH_POINT_WORD_EMBEDDING);
  card->set_is_signed(is_signed);
  card->set_layer(-1);
  card->set_query_token(-1);
  card->set_depends_on_target(true);
  for (size_t i = 0; i < scores.size(); ++i) {
    const SamplePiece& piece = SamplePieces()[i];
    attribution->add_scores(scores[i]);
    v1::Unit* unit = attribution->add_units();
    unit->set_begin_token(static_cast<uint32_t>(i));
    unit->set_end_token(static_cast<uint32_t>(i + 1));
    unit->set_is_special(piece.token[0] == '[');
    unit->set_sequence(unit->is_special() ? -1 : 0);
    unit->set_begin_byte(piece.begin);
    unit->set_end_byte(piece.end);
  }
  return response;
}

inline v1::ExplainResponse SampleHeads(uint32_t index) {
  v1::ExplainResponse response;
  v1::Attribution* attribution = response.mutable_attribution();
  attribution->set_method_index(index);
  attribution->mutable_card()->set_method("head_importance");
  attribution->mutable_card()->set_layer(-1);
  attribution->mutable_card()->set_query_token(-1);
  attribution->mutable_card()->set_depends_on_target(true);
  attribution->mutable_heads()->set_layers(2);
  attribution->mutable_heads()->set_heads(2);
  for (const float score : {0.5f, 0.25f, 2.0f, 0.0f}) attribution->mutable_heads()->add_scores(score);
  return response;
}

struct ChunkPlace {
  uint32_t layer;
  std::vector<uint32_t> heads;
  uint32_t query_begin, num_queries;
  uint32_t index, count;
};

// Values count up from the chunk's index in steps of 1/64, which fp16 holds as well.
inline v1::ExplainResponse SampleChunk(const ChunkPlace& place) {
  v1::ExplainResponse response;
  v1::AttentionChunk* chunk = response.mutable_attention();
  const auto num_tokens = static_cast<uint32_t>(SamplePieces().size());
  chunk->set_layer(place.layer);
  chunk->mutable_heads()->Assign(place.heads.begin(), place.heads.end());
  chunk->set_query_begin(place.query_begin);
  for (const uint32_t size : {static_cast<uint32_t>(place.heads.size()), place.num_queries, num_tokens}) {
    chunk->add_shape(size);
  }
  chunk->set_encoding(v1::ENCODING_FLOAT32);
  std::vector<float> values(place.heads.size() * place.num_queries * num_tokens);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(place.index) + static_cast<float>(i) / 64;
  chunk->set_data(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  chunk->set_chunk_index(place.index);
  chunk->set_chunk_count(place.count);
  return response;
}

// Of one head, the two largest keys of each query: the query itself with 0.75, and the last token with 0.25.
inline v1::ExplainResponse SampleTopKeysChunk() {
  const auto num_tokens = static_cast<uint32_t>(SamplePieces().size());
  v1::ExplainResponse response = SampleChunk({2, {3}, 0, num_tokens, 0, 1});
  v1::AttentionChunk* chunk = response.mutable_attention();
  chunk->set_shape(2, 2);
  chunk->set_num_tokens(num_tokens);
  std::vector<float> values;
  std::vector<uint16_t> positions;
  for (uint16_t query = 0; query < num_tokens; ++query) {
    values.insert(values.end(), {0.75f, 0.25f});
    positions.insert(positions.end(), {query, static_cast<uint16_t>(num_tokens - 1)});
  }
  chunk->set_data(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  chunk->set_key_positions(
      std::string(reinterpret_cast<const char*>(positions.data()), positions.size() * sizeof(uint16_t)));
  return response;
}

inline v1::ExplainResponse SampleSummary() {
  v1::ExplainResponse response;
  v1::Summary* summary = response.mutable_summary();
  summary->mutable_timings()->set_tokenize_ms(0.125);
  summary->mutable_timings()->set_queue_ms(0.5);
  summary->mutable_timings()->set_compute_ms(10.25);
  summary->mutable_timings()->set_total_ms(11.5);
  summary->set_rows_forward(1);
  summary->set_rows_backward(1);
  summary->set_tokens(6);
  summary->mutable_model()->set_name("credit");
  summary->mutable_model()->set_weights_sha256("0123456789abcdef");
  return response;
}

inline absl::StatusOr<Explanation> Gather(const v1::ExplainRequest& request, std::vector<v1::ExplainResponse> parts) {
  Gatherer gatherer(request);
  for (v1::ExplainResponse& part : parts) {
    if (const absl::Status added = gatherer.Add(&part); !added.ok()) return added;
  }
  return std::move(gatherer).Finish();
}

// Prediction, saliency, head importance, two layers of two heads, summary.
inline Explanation SampleExplanation() {
  return *Gather(SampleRequest(2),
                 {SamplePrediction(), SampleAttribution(0, {9, 1, 0, 4, 2, 0}), SampleHeads(1),
                  SampleChunk({0, {0, 1}, 0, 6, 0, 2}), SampleChunk({3, {0, 1}, 0, 6, 1, 2}), SampleSummary()});
}

inline Explanation SampleTopKeys() {
  return *Gather(SampleRequest(0), {SamplePrediction(), SampleTopKeysChunk(), SampleSummary()});
}

}  // namespace limpid::client
