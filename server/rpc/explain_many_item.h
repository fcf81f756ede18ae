#pragma once

#include <cstddef>
#include <memory>

#include "grpcpp/support/byte_buffer.h"
#include "rpc/item_stream.h"

namespace limpid::rpc {

// Longest ExplainManyRequest.id: it is repeated in every response.
inline constexpr size_t kMaxItemIdBytes = 256;

// An ItemStarter: one ExplainManyRequest. Its last message is the summary or a failure.
void StartExplainManyItem(std::shared_ptr<ItemStream> stream, const ItemContext& context,
                          const grpc::ByteBuffer& bytes);

}  // namespace limpid::rpc
