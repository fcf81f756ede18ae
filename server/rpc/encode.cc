#include "rpc/encode.h"

#include <algorithm>
#include <string>

#include "base/version.h"
#include "rpc/status.h"

namespace limpid::rpc {
namespace {

v1::AttachPoint EncodeAttachPoint(engine::AttachPoint point) {
  switch (point) {
    case engine::AttachPoint::kWordEmbedding:
      return v1::ATTACH_POINT_WORD_EMBEDDING;
    case engine::AttachPoint::kEmbeddingSum:
      return v1::ATTACH_POINT_EMBEDDING_SUM;
    case engine::AttachPoint::kEmbeddingOutput:
      return v1::ATTACH_POINT_EMBEDDING_OUTPUT;
  }
  return v1::ATTACH_POINT_UNSPECIFIED;
}

v1::Reduction EncodeReduction(explain::Reduction reduction) {
  switch (reduction) {
    case explain::Reduction::kDefault:
      return v1::REDUCTION_UNSPECIFIED;
    case explain::Reduction::kL2:
      return v1::REDUCTION_L2;
    case explain::Reduction::kL1:
      return v1::REDUCTION_L1;
    case explain::Reduction::kMeanAbs:
      return v1::REDUCTION_MEAN_ABS;
    case explain::Reduction::kSum:
      return v1::REDUCTION_SUM;
  }
  return v1::REDUCTION_UNSPECIFIED;
}

v1::Replacement EncodeReplacement(explain::Replacement replacement) {
  switch (replacement) {
    case explain::Replacement::kDefault:
      return v1::REPLACEMENT_UNSPECIFIED;
    case explain::Replacement::kMask:
      return v1::REPLACEMENT_MASK;
    case explain::Replacement::kPad:
      return v1::REPLACEMENT_PAD;
    case explain::Replacement::kUnknown:
      return v1::REPLACEMENT_UNKNOWN;
    case explain::Replacement::kDelete:
      return v1::REPLACEMENT_DELETE;
  }
  return v1::REPLACEMENT_UNSPECIFIED;
}

const char* TaskName(engine::ModelCard::Task task) {
  switch (task) {
    case engine::ModelCard::Task::kClassification:
      return "classification";
    case engine::ModelCard::Task::kRegression:
      return "regression";
    case engine::ModelCard::Task::kMultiLabel:
      return "multi_label";
    case engine::ModelCard::Task::kEmbedding:
      return "embedding";
  }
  return "";
}

void EncodeCard(const explain::MethodCard& card, v1::MethodCard* encoded) {
  encoded->set_method(card.method);
  if (card.attach_point.has_value()) encoded->set_attach_point(EncodeAttachPoint(*card.attach_point));
  encoded->set_reduction(EncodeReduction(card.reduction));
  encoded->set_is_signed(card.is_signed);
  encoded->set_layer(card.layer);
  encoded->set_query_token(card.query_token);
  encoded->set_depends_on_target(card.depends_on_target);
  encoded->set_sum_abs(card.sum_abs);
  if (card.replacement.has_value()) encoded->set_replacement(EncodeReplacement(*card.replacement));
  encoded->set_rows(card.rows);
  encoded->set_units(card.units);
}

void EncodeUnit(const explain::Unit& unit, v1::Unit* encoded) {
  encoded->set_begin_token(unit.begin_token);
  encoded->set_end_token(unit.end_token);
  encoded->set_sequence(unit.sequence);
  encoded->set_is_special(unit.is_special);
  encoded->set_begin_byte(unit.begin_byte);
  encoded->set_end_byte(unit.end_byte);
  encoded->set_begin_char(unit.begin_char);
  encoded->set_end_char(unit.end_char);
}

template <typename Values>
void AssignFloats(const Values& values, google::protobuf::RepeatedField<float>* encoded) {
  encoded->Assign(values.begin(), values.end());
}

}  // namespace

void EncodeTokens(const std::vector<text::Token>& tokens, google::protobuf::RepeatedPtrField<v1::Token>* encoded) {
  encoded->Clear();
  encoded->Reserve(static_cast<int>(tokens.size()));
  for (const text::Token& token : tokens) {
    v1::Token* added = encoded->Add();
    added->set_text(token.text);
    added->set_id(token.id);
    added->set_is_special(token.is_special);
    added->set_sequence(token.sequence);
    added->set_word(token.word);
    added->set_begin_byte(token.begin_byte);
    added->set_end_byte(token.end_byte);
    added->set_begin_char(token.begin_char);
    added->set_end_char(token.end_char);
  }
}

void EncodePrediction(const explain::PredictionEvent& event, const engine::ModelCard& card,
                      v1::Prediction* prediction) {
  prediction->Clear();
  EncodeTokens(event.tokens, prediction->mutable_tokens());
  prediction->set_truncated(event.truncated);
  if (event.prediction.logits.empty()) {
    AssignFloats(event.prediction.embedding, prediction->mutable_embedding()->mutable_values());
    prediction->mutable_embedding()->set_normalized(card.embedding_normalized);
  } else {
    v1::ClassScores* classes = prediction->mutable_classes();
    AssignFloats(event.prediction.logits, classes->mutable_logits());
    AssignFloats(event.probabilities, classes->mutable_probabilities());
    for (const std::string& label : card.labels) classes->add_labels(label);
    const auto& logits = event.prediction.logits;
    classes->set_predicted_index(static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
  }
  v1::ResolvedTarget* target = prediction->mutable_target();
  target->set_description(event.target_description);
  target->set_class_index(event.prediction.class_index);
  target->set_foil_index(event.prediction.foil_index);
  target->set_value(event.prediction.target_value);
}

void EncodeAttribution(const explain::AttributionEvent& event, v1::Attribution* attribution) {
  attribution->Clear();
  attribution->set_method_index(event.method_index);
  EncodeCard(event.card, attribution->mutable_card());
  AssignFloats(event.scores, attribution->mutable_scores());
  for (const explain::Unit& unit : event.units) EncodeUnit(unit, attribution->add_units());
  if (event.head_scores.empty()) return;
  v1::HeadScores* heads = attribution->mutable_heads();
  heads->set_layers(static_cast<uint32_t>(event.head_scores.shape[0]));
  heads->set_heads(static_cast<uint32_t>(event.head_scores.shape[1]));
  AssignFloats(event.head_scores.values, heads->mutable_scores());
}

void EncodeSummary(const explain::SummaryEvent& event, v1::Summary* summary) {
  summary->Clear();
  v1::Timings* timings = summary->mutable_timings();
  timings->set_tokenize_ms(event.tokenize_ms);
  timings->set_queue_ms(event.queue_ms);
  timings->set_compute_ms(event.compute_ms);
  timings->set_total_ms(event.total_ms);
  summary->set_rows_forward(event.rows_forward);
  summary->set_rows_backward(event.rows_backward);
  summary->set_tokens(event.tokens);
  summary->set_attention_bytes(event.attention_bytes);
  summary->mutable_model()->set_name(event.model);
  summary->mutable_model()->set_weights_sha256(event.weights_sha256);
  summary->set_server_version(kVersion);
  summary->set_partial(event.partial);
  summary->mutable_missing_methods()->Assign(event.missing_methods.begin(), event.missing_methods.end());
  summary->mutable_missing_attention_layers()->Assign(event.missing_attention_layers.begin(),
                                                      event.missing_attention_layers.end());
  summary->set_condition_unmet(event.condition_unmet);
}

void EncodeFailure(const absl::Status& status, v1::Failure* failure) {
  failure->Clear();
  failure->set_code(status.raw_code());
  failure->set_message(PublicMessage(status));
  failure->set_reason(ReasonOf(status));
  failure->set_retry_after_ms(RetryPushbackMs(status).value_or(-1));
}

void EncodeEstimate(const explain::CostEstimate& estimate, v1::EstimateCostResponse* encoded) {
  encoded->Clear();
  encoded->set_tokens(static_cast<uint32_t>(estimate.demand.tokens));
  encoded->set_rows_forward(estimate.rows_forward);
  encoded->set_rows_backward(estimate.rows_backward);
  encoded->set_flops(estimate.demand.flops);
  encoded->set_peak_bytes(estimate.demand.peak_bytes);
  encoded->set_answer_bytes(estimate.demand.answer_bytes);
  encoded->set_compute_ms(absl::ToDoubleMilliseconds(estimate.compute_time));
  encoded->set_queue_ms(absl::ToDoubleMilliseconds(estimate.queue_time));
  encoded->set_admitted(estimate.admission.ok());
  if (!estimate.admission.ok()) EncodeFailure(estimate.admission, encoded->mutable_refusal());
}

void EncodeModel(const explain::Model& model, const explain::Limits& limits, bool is_default, v1::Model* encoded) {
  const engine::ModelCard& card = model.engine->card();
  encoded->Clear();
  encoded->mutable_identity()->set_name(model.name);
  encoded->mutable_identity()->set_weights_sha256(card.weights_sha256);
  encoded->set_architecture(card.architecture);
  encoded->set_task(TaskName(card.task));
  for (const std::string& label : card.labels) encoded->add_labels(label);
  encoded->set_num_layers(static_cast<uint32_t>(card.num_layers));
  encoded->set_num_heads(static_cast<uint32_t>(card.num_heads));
  encoded->set_hidden_size(static_cast<uint32_t>(card.hidden_size));
  encoded->set_vocab_size(static_cast<uint32_t>(card.vocab_size));
  encoded->set_num_parameters(static_cast<uint64_t>(card.num_parameters));
  encoded->mutable_limits()->set_max_tokens(static_cast<uint32_t>(card.max_tokens));
  encoded->mutable_limits()->set_max_text_bytes(static_cast<uint32_t>(limits.max_text_bytes));
  encoded->mutable_limits()->set_max_methods(static_cast<uint32_t>(limits.max_methods));
  encoded->mutable_limits()->set_max_attention_bytes(limits.max_attention_bytes);
  for (const std::string& method : explain::MethodNames()) encoded->add_methods(method);
  encoded->set_device(card.device);
  encoded->set_is_default(is_default);
}

void EncodeServer(const ServerFacts& facts, v1::Server* encoded) {
  encoded->set_version(kVersion);
  encoded->set_device(facts.device);
  encoded->set_threads(static_cast<uint32_t>(facts.num_threads));
}

}  // namespace limpid::rpc
