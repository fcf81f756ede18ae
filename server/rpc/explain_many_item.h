#pragma once

#include <memory>

#include "grpcpp/support/byte_buffer.h"
#include "rpc/item_stream.h"

namespace limpid::rpc {

// An ItemStarter: one ExplainManyRequest, whose id has at most kMaxItemIdBytes, for every response repeats it. Its last
// message is the summary or a failure.
void StartExplainManyItem(std::shared_ptr<ItemStream> stream, const ItemContext& context,
                          const grpc::ByteBuffer& bytes);

}  // namespace limpid::rpc
