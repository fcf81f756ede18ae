#include "rpc/attention_chunks.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "rpc/half.h"

namespace limpid::rpc {
namespace {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian");

using Encoding = explain::AttentionSelection::Encoding;

size_t ValueBytes(Encoding encoding) { return encoding == Encoding::kFloat16 ? 2 : 4; }

size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }

void EncodeValues(std::span<const float> values, Encoding encoding, char* out) {
  if (encoding == Encoding::kFloat16) {
    ToHalf(values, reinterpret_cast<uint16_t*>(out));
  } else {
    std::memcpy(out, values.data(), values.size_bytes());
  }
}

}  // namespace

AttentionChunks::AttentionChunks(explain::AttentionEvent attention) : attention_(std::move(attention)) {
  num_tokens_ = static_cast<size_t>(attention_.maps.front().shape.back());
  num_payload_heads_ = attention_.mean_over_heads ? 1 : attention_.heads.size();
  const size_t row_bytes = num_tokens_ * ValueBytes(attention_.encoding), head_bytes = row_bytes * num_tokens_;
  heads_per_chunk_ = std::clamp<size_t>(kMaxChunkBytes / head_bytes, 1, num_payload_heads_);
  queries_per_chunk_ = std::clamp<size_t>(kMaxChunkBytes / row_bytes, 1, num_tokens_);
  head_chunks_ = CeilDiv(num_payload_heads_, heads_per_chunk_);
  query_chunks_ = CeilDiv(num_tokens_, queries_per_chunk_);
  count_ = static_cast<uint32_t>(attention_.maps.size() * head_chunks_ * query_chunks_);
}

bool AttentionChunks::Next(v1::AttentionChunk* chunk) {
  const size_t query_begin = next_ % query_chunks_ * queries_per_chunk_;
  const size_t head_begin = next_ / query_chunks_ % head_chunks_ * heads_per_chunk_;
  const size_t layer = next_ / query_chunks_ / head_chunks_;
  const size_t num_queries = std::min(queries_per_chunk_, num_tokens_ - query_begin);
  const size_t num_heads = std::min(heads_per_chunk_, num_payload_heads_ - head_begin);

  chunk->set_layer(static_cast<uint32_t>(attention_.layers[layer]));
  const auto first_head = attention_.heads.begin() + static_cast<ptrdiff_t>(head_begin);
  const size_t named = attention_.mean_over_heads ? attention_.heads.size() : num_heads;
  chunk->mutable_heads()->Assign(first_head, first_head + static_cast<ptrdiff_t>(named));
  chunk->set_mean_over_heads(attention_.mean_over_heads);
  chunk->set_query_begin(static_cast<uint32_t>(query_begin));
  const size_t shape[] = {num_heads, num_queries, num_tokens_};
  chunk->mutable_shape()->Assign(std::begin(shape), std::end(shape));
  chunk->set_encoding(attention_.encoding == Encoding::kFloat16 ? v1::ENCODING_FLOAT16 : v1::ENCODING_FLOAT32);
  EncodePayload(layer, head_begin, num_heads, query_begin, num_queries, chunk->mutable_data());
  chunk->set_chunk_index(next_);
  chunk->set_chunk_count(count_);
  return ++next_ < count_;
}

void AttentionChunks::EncodePayload(size_t layer, size_t head_begin, size_t num_heads, size_t query_begin,
                                    size_t num_queries, std::string* data) const {
  const size_t values_per_head = num_queries * num_tokens_;
  const size_t bytes_per_head = values_per_head * ValueBytes(attention_.encoding);
  data->resize(num_heads * bytes_per_head);
  for (size_t i = 0; i < num_heads; ++i) {
    const size_t head = attention_.mean_over_heads ? 0 : static_cast<size_t>(attention_.heads[head_begin + i]);
    const size_t begin = (head * num_tokens_ + query_begin) * num_tokens_;
    EncodeValues(attention_.maps[layer].values.subspan(begin, values_per_head), attention_.encoding,
                 data->data() + i * bytes_per_head);
  }
}

}  // namespace limpid::rpc
