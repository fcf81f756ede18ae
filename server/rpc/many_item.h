#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "rpc/caller.h"
#include "rpc/environment.h"
#include "rpc/event_part.h"

namespace limpid::rpc {

// Longest ExplainManyRequest.id: it is repeated in every response.
inline constexpr size_t kMaxItemIdBytes = 256;

// The ExplainMany stream as its requests see it. Thread-safe.
class ItemStream {
 public:
  virtual ~ItemStream() = default;
  // True if `id` was free; it is then taken.
  virtual bool TakeId(const std::string& id) = 0;
  virtual void FreeId(const std::string& id) = 0;
  virtual void Push(EventPart part, MessageWriter::Length length) = 0;
  // Once per item: its last message has left, or was dropped. Not under any lock of the stream.
  virtual void OnItemLeft() = 0;
};

struct ItemContext {
  const Environment& environment;
  const Caller& caller;
  std::stop_token stop;
  absl::Time deadline;
};

// One request of the stream, from its bytes to its last message, which is the summary or a failure. Returns at once.
void StartManyItem(std::shared_ptr<ItemStream> stream, const ItemContext& context, const grpc::ByteBuffer& bytes);

}  // namespace limpid::rpc
