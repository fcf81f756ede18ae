#include "rpc/encode.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/version.h"
#include "methods/registry.h"
#include "rpc/status.h"

namespace limpid::rpc {
namespace {

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
    case engine::ModelCard::Task::kLanguageModel:
      return "language_model";
    case engine::ModelCard::Task::kTokenClassification:
      return "token_classification";
    case engine::ModelCard::Task::kQuestionAnswering:
      return "question_answering";
  }
  return "";
}

template <typename Values>
void AssignFloats(const Values& values, google::protobuf::RepeatedField<float>* encoded) {
  encoded->Assign(values.begin(), values.end());
}

void EncodeToken(const text::Token& token, v1::Token* encoded) {
  encoded->set_text(token.text);
  encoded->set_id(token.id);
  encoded->set_is_special(token.is_special);
  encoded->set_sequence(token.sequence);
  encoded->set_word(token.word);
  encoded->set_begin_byte(token.begin_byte);
  encoded->set_end_byte(token.end_byte);
  encoded->set_begin_char(token.begin_char);
  encoded->set_end_char(token.end_char);
}

// A language model's classes: those that count.
void EncodeTokens(const std::vector<explain::RankedToken>& tokens, v1::ClassScores* classes) {
  for (const explain::RankedToken& token : tokens) {
    classes->add_logits(token.logit);
    classes->add_probabilities(std::exp(token.log_prob));
    classes->add_labels(token.text);
    classes->add_indices(token.id);
  }
  // Best first.
  classes->set_predicted_index(0);
}

// Of all tokens; rows of `logits` are tokens.
void EncodeTokenClasses(const std::vector<float>& logits, size_t num_labels, v1::TokenClasses* encoded) {
  AssignFloats(logits, encoded->mutable_logits());
  for (auto row = logits.begin(); row != logits.end(); row += static_cast<ptrdiff_t>(num_labels)) {
    const auto best = std::max_element(row, row + static_cast<ptrdiff_t>(num_labels));
    encoded->add_predicted_indices(static_cast<int32_t>(best - row));
  }
}

void EncodeAnswer(const explain::PredictionEvent& event, v1::AnswerSpan* encoded) {
  const engine::TokenRange& tokens = event.prediction.answer;
  encoded->set_begin_token(static_cast<uint32_t>(tokens.begin));
  encoded->set_end_token(static_cast<uint32_t>(tokens.end));
  encoded->set_probability(event.answer_probability);
  const std::vector<float>& logits = event.prediction.token_logits;
  for (size_t i = 0; i + 1 < logits.size(); i += 2) {
    encoded->add_begin_logits(logits[i]);
    encoded->add_end_logits(logits[i + 1]);
  }
  const text::Token& first = event.tokens.at(static_cast<size_t>(tokens.begin));
  const text::Token& last = event.tokens.at(static_cast<size_t>(tokens.end) - 1);
  encoded->set_sequence(first.sequence);
  encoded->set_begin_byte(first.begin_byte);
  encoded->set_end_byte(last.end_byte);
  encoded->set_begin_char(first.begin_char);
  encoded->set_end_char(last.end_char);
}

v1::Generation::FinishReason EncodeFinishReason(explain::GenerationSummary::FinishReason reason) {
  switch (reason) {
    case explain::GenerationSummary::FinishReason::kLength:
      return v1::Generation::FINISH_REASON_LENGTH;
    case explain::GenerationSummary::FinishReason::kEnd:
      return v1::Generation::FINISH_REASON_END;
    case explain::GenerationSummary::FinishReason::kStop:
      return v1::Generation::FINISH_REASON_STOP;
    case explain::GenerationSummary::FinishReason::kCompletion:
      return v1::Generation::FINISH_REASON_COMPLETION;
  }
  return v1::Generation::FINISH_REASON_UNSPECIFIED;
}

}  // namespace

void EncodeTarget(const std::string& description, const engine::Prediction& prediction, v1::ResolvedTarget* target) {
  target->set_description(description);
  target->set_class_index(prediction.class_index);
  target->set_foil_index(prediction.foil_index);
  target->set_value(prediction.target_value);
  target->set_begin_token(static_cast<uint32_t>(prediction.target_tokens.begin));
  target->set_end_token(static_cast<uint32_t>(prediction.target_tokens.end));
}

void EncodeTokens(const std::vector<text::Token>& tokens, google::protobuf::RepeatedPtrField<v1::Token>* encoded) {
  encoded->Clear();
  encoded->Reserve(static_cast<int>(tokens.size()));
  for (const text::Token& token : tokens) EncodeToken(token, encoded->Add());
}

void EncodePrediction(const explain::PredictionEvent& event, const engine::ModelCard& card,
                      v1::Prediction* prediction) {
  prediction->Clear();
  EncodeTokens(event.tokens, prediction->mutable_tokens());
  prediction->set_truncated(event.truncated);
  if (!event.best_tokens.empty()) {
    EncodeTokens(event.best_tokens, prediction->mutable_classes());
  } else if (card.task == engine::ModelCard::Task::kQuestionAnswering) {
    EncodeAnswer(event, prediction->mutable_answer());
  } else if (event.prediction.logits.empty()) {
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
  if (card.task == engine::ModelCard::Task::kTokenClassification) {
    EncodeTokenClasses(event.prediction.token_logits, card.labels.size(), prediction->mutable_token_classes());
  }
  EncodeTarget(event.target_description, event.prediction, prediction->mutable_target());
}

void EncodeGeneratedToken(const explain::GeneratedTokenEvent& event, v1::GeneratedToken* encoded) {
  encoded->Clear();
  encoded->set_index(event.index);
  EncodeToken(event.token, encoded->mutable_token());
  encoded->set_text(event.text);
  encoded->set_logit(event.logit);
  encoded->set_log_prob(event.log_prob);
  for (const explain::RankedToken& token : event.alternatives) {
    v1::Alternative* added = encoded->add_alternatives();
    added->set_id(token.id);
    added->set_text(token.text);
    added->set_log_prob(token.log_prob);
  }
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
  summary->mutable_missing_quality()->Assign(event.missing_quality.begin(), event.missing_quality.end());
  summary->set_condition_unmet(event.condition_unmet);
  if (!event.generation.has_value()) return;
  v1::Generation* generation = summary->mutable_generation();
  generation->set_finish_reason(EncodeFinishReason(event.generation->finish_reason));
  generation->set_tokens(event.generation->tokens);
  generation->set_text(event.generation->text);
  generation->set_first_token_ms(event.generation->first_token_ms);
  generation->set_first_explained_token_ms(event.generation->first_explained_token_ms);
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
  for (const std::string& method : methods::MethodNames()) {
    if (method != "lrp" || card.has_lrp) encoded->add_methods(method);
  }
  encoded->set_device(card.device);
  encoded->set_is_default(is_default);
}

void EncodeServer(const ServerFacts& facts, v1::Server* encoded) {
  encoded->set_version(kVersion);
  encoded->set_device(facts.device);
  encoded->set_threads(static_cast<uint32_t>(facts.num_threads));
}

}  // namespace limpid::rpc
