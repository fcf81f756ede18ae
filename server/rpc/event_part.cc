#include "rpc/event_part.h"

#include <utility>
#include <variant>

#include "limpid/v1/explain.pb.h"
#include "rpc/attention_chunks.h"
#include "rpc/encode.h"
#include "rpc/encode_attribution.h"
#include "rpc/wire.h"

namespace limpid::rpc {
namespace {

// A part of one message, which `encode` writes into its response.
template <typename Response, typename Encode>
EventPart OneMessage(Encode encode) {
  return [encode = std::move(encode)](grpc::ByteBuffer* message) {
    Response response;
    encode(&response);
    SerializeMessage(response, message);
    return false;
  };
}

// Parts that both kinds of answers have.
template <typename Response>
struct PartMaker {
  std::shared_ptr<const explain::Model> model;

  EventPart operator()(explain::PredictionEvent event) {
    return OneMessage<Response>([event = std::move(event), model = std::move(model)](Response* response) {
      EncodePrediction(event, model->engine->card(), response->mutable_prediction());
    });
  }

  EventPart operator()(explain::AttributionEvent event) {
    return OneMessage<Response>(
        [event = std::move(event)](Response* response) { EncodeAttribution(event, response->mutable_attribution()); });
  }

  EventPart operator()(explain::QualityEvent event) {
    return OneMessage<Response>(
        [event = std::move(event)](Response* response) { EncodeQuality(event, response->mutable_quality()); });
  }

  EventPart operator()(explain::SummaryEvent event) {
    return OneMessage<Response>(
        [event = std::move(event)](Response* response) { EncodeSummary(event, response->mutable_summary()); });
  }

  // Only a generation has tokens, only an explanation has maps.
  EventPart operator()(explain::GeneratedTokenEvent event) {
    return OneMessage<v1::GenerateResponse>([event = std::move(event)](v1::GenerateResponse* response) {
      EncodeGeneratedToken(event, response->mutable_token());
    });
  }

  EventPart operator()(explain::AttentionEvent event) {
    return [chunks = AttentionChunks(std::move(event))](grpc::ByteBuffer* message) mutable {
      return chunks.Next(message);
    };
  }
};

}  // namespace

EventPart MakeExplainPart(explain::Event event, std::shared_ptr<const explain::Model> model) {
  return std::visit(PartMaker<v1::ExplainResponse>{std::move(model)}, std::move(event));
}

EventPart MakeGeneratePart(explain::Event event, std::shared_ptr<const explain::Model> model) {
  return std::visit(PartMaker<v1::GenerateResponse>{std::move(model)}, std::move(event));
}

MessageWriter::Length LengthOf(const explain::Event& event) {
  // The summary follows the maps.
  const bool is_long =
      std::holds_alternative<explain::AttentionEvent>(event) || std::holds_alternative<explain::SummaryEvent>(event);
  return is_long ? MessageWriter::Length::kLong : MessageWriter::Length::kShort;
}

}  // namespace limpid::rpc
