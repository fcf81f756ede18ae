#include "rpc/event_part.h"

#include <utility>
#include <variant>

#include "rpc/attention_chunks.h"
#include "rpc/encode.h"

namespace limpid::rpc {
namespace {

struct PartMaker {
  std::shared_ptr<const explain::Model> model;

  EventPart operator()(explain::PredictionEvent event) {
    return [event = std::move(event), model = std::move(model)](v1::ExplainResponse* response) {
      EncodePrediction(event, model->engine->card(), response->mutable_prediction());
      return false;
    };
  }

  EventPart operator()(explain::AttributionEvent event) {
    return [event = std::move(event)](v1::ExplainResponse* response) {
      EncodeAttribution(event, response->mutable_attribution());
      return false;
    };
  }

  EventPart operator()(explain::AttentionEvent event) {
    return [chunks = AttentionChunks(std::move(event))](v1::ExplainResponse* response) mutable {
      return chunks.Next(response->mutable_attention());
    };
  }

  EventPart operator()(explain::SummaryEvent event) {
    return [event = std::move(event)](v1::ExplainResponse* response) {
      EncodeSummary(event, response->mutable_summary());
      return false;
    };
  }
};

}  // namespace

EventPart MakeEventPart(explain::Event event, std::shared_ptr<const explain::Model> model) {
  return std::visit(PartMaker{std::move(model)}, std::move(event));
}

}  // namespace limpid::rpc
