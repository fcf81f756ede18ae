#pragma once

#include <memory>

#include "grpcpp/support/byte_buffer.h"
#include "rpc/item_stream.h"

namespace limpid::rpc {

// An ItemStarter: one ModelInferRequest of a ModelStreamInfer stream, in Triton's dialect. One response each, in the
// order in which they are ready; a failure is told by `error_message` and ends nothing else.
void StartStreamItem(std::shared_ptr<ItemStream> stream, const ItemContext& context, const grpc::ByteBuffer& bytes);

}  // namespace limpid::rpc
