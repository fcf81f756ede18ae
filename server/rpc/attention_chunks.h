#pragma once

#include <cstddef>
#include <cstdint>

#include "explain/event.h"
#include "grpcpp/support/byte_buffer.h"
#include "rpc/wire.h"

namespace limpid::rpc {

// Most payload bytes of a chunk that has more than one query row: values, and key positions where there are any.
inline constexpr size_t kMaxChunkBytes = 1 << 20;

// Cuts the attention maps of one layer into chunks in order of head and query, one at a time. A chunk has several whole
// heads if they fit, else some query rows of one head. Values in fp32 and key positions are not copied: the messages
// refer to their memory and keep it until they have left. Not thread-safe.
class AttentionChunks {
 public:
  // `attention.maps` not empty. Shares the maps' memory.
  explicit AttentionChunks(explain::AttentionEvent attention);

  uint32_t count() const { return count_; }

  // The next chunk as the bytes of an ExplainResponse; false if it was the last. Call at most count() times.
  bool Next(grpc::ByteBuffer* message);

 private:
  ChunkPayload Payload(size_t head_begin, size_t num_heads, size_t query_begin, size_t num_queries) const;

  const explain::AttentionEvent attention_;
  size_t num_tokens_ = 0;
  size_t num_keys_ = 0;           // of each query row
  size_t num_payload_heads_ = 0;  // heads chosen, or 1 for their mean
  size_t heads_per_chunk_ = 1;
  size_t queries_per_chunk_ = 1;
  size_t query_chunks_ = 0;  // of each group of heads
  uint32_t count_ = 0;
  uint32_t next_ = 0;
};

}  // namespace limpid::rpc
