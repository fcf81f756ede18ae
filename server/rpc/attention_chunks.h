#pragma once

#include <cstddef>
#include <cstdint>

#include "explain/event.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::rpc {

// Most payload bytes of a chunk that has more than one query row.
inline constexpr size_t kMaxChunkBytes = 1 << 20;

// Cuts the attention maps of one answer into chunks in order of layer, head, query, and encodes one at a time, so that
// a stream holds one chunk in memory however large the maps are. A chunk has several whole heads if they fit, else
// some query rows of one head. Not thread-safe.
class AttentionChunks {
 public:
  // `attention.maps` not empty. Shares the maps' memory.
  explicit AttentionChunks(explain::AttentionEvent attention);

  uint32_t count() const { return count_; }

  // Writes the next chunk to `chunk`, whose buffers are reused; false if it was the last. Call at most count() times.
  bool Next(v1::AttentionChunk* chunk);

 private:
  void EncodePayload(size_t layer, size_t head_begin, size_t num_heads, size_t query_begin, size_t num_queries,
                     std::string* data) const;

  const explain::AttentionEvent attention_;
  size_t num_tokens_ = 0;
  size_t num_payload_heads_ = 0;  // heads chosen, or 1 for their mean
  size_t heads_per_chunk_ = 1;
  size_t queries_per_chunk_ = 1;
  size_t head_chunks_ = 0, query_chunks_ = 0;  // chunks of a layer are head_chunks x query_chunks
  uint32_t count_ = 0;
  uint32_t next_ = 0;
};

}  // namespace limpid::rpc
