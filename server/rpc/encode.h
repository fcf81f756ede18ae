#pragma once

#include "explain/event.h"
#include "explain/explainer.h"
#include "limpid/v1/explain.pb.h"
#include "limpid/v1/model.pb.h"
#include "rpc/environment.h"

// Plain events to messages. Attention maps are the business of attention_chunks.h. Targets are cleared first.
namespace limpid::rpc {

// Labels and what the embedding is come from the model's card.
void EncodePrediction(const explain::PredictionEvent& event, const engine::ModelCard& card, v1::Prediction* prediction);
// A target's description and value, of a prediction that has resolved it.
void EncodeTarget(const std::string& description, const engine::Prediction& prediction, v1::ResolvedTarget* target);
void EncodeGeneratedToken(const explain::GeneratedTokenEvent& event, v1::GeneratedToken* encoded);
void EncodeSummary(const explain::SummaryEvent& event, v1::Summary* summary);
// With the pushback that a retry should wait; -1: none is of use.
void EncodeFailure(const absl::Status& status, v1::Failure* failure);
void EncodeEstimate(const explain::CostEstimate& estimate, v1::EstimateCostResponse* encoded);
void EncodeTokens(const std::vector<text::Token>& tokens, google::protobuf::RepeatedPtrField<v1::Token>* encoded);

// The model's card with the limits that hold on this server.
void EncodeModel(const explain::Model& model, const explain::Limits& limits, bool is_default, v1::Model* encoded);

void EncodeServer(const ServerFacts& facts, v1::Server* encoded);

}  // namespace limpid::rpc
