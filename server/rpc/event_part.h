#pragma once

#include <memory>

#include "explain/event.h"
#include "explain/explainer.h"
#include "grpcpp/support/byte_buffer.h"
#include "rpc/stream_writer.h"

namespace limpid::rpc {

using MessageWriter = StreamWriter<grpc::ByteBuffer>;

// The messages of one event, each the bytes of a response, encoded one at a time: each call fills the next and
// says whether there is another.
using EventPart = MessageWriter::Part;

// `model` is the one that was asked.
EventPart MakeExplainPart(explain::Event event, std::shared_ptr<const explain::Model> model);
EventPart MakeGeneratePart(explain::Event event, std::shared_ptr<const explain::Model> model);

// Short parts overtake maps.
MessageWriter::Length LengthOf(const explain::Event& event);

}  // namespace limpid::rpc
