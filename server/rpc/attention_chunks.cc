#include "rpc/attention_chunks.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <utility>

#include "explain/attention_plan.h"
#include "limpid/v1/explain.pb.h"
#include "rpc/half.h"
#include "rpc/wire.h"

namespace limpid::rpc {
namespace {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian");

using Encoding = explain::AttentionSelection::Encoding;

size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }

// Keeps alive what a slice refers to, until gRPC is done with it.
using Owner = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;

template <typename T>
grpc::Slice Refer(std::span<const T> values, Owner owner) {
  const auto destroy = [](void* held) { delete static_cast<Owner*>(held); };
  // gRPC takes a pointer to what it may not change, too.
  void* const data = const_cast<T*>(values.data());
  return grpc::Slice(data, values.size_bytes(), destroy, new Owner(std::move(owner)));
}

grpc::Slice Halves(std::span<const float> values) {
  auto halves = std::make_unique<std::vector<uint16_t>>(values.size());
  ToHalf(values, halves->data());
  const auto destroy = [](void* held) { delete static_cast<std::vector<uint16_t>*>(held); };
  void* const data = halves->data();
  return grpc::Slice(data, values.size() * sizeof(uint16_t), destroy, halves.release());
}

}  // namespace

AttentionChunks::AttentionChunks(explain::AttentionEvent attention) : attention_(std::move(attention)) {
  num_tokens_ = static_cast<size_t>(attention_.maps.shape[1]);
  num_keys_ = static_cast<size_t>(attention_.maps.shape[2]);
  num_payload_heads_ = attention_.mean_over_heads ? 1 : attention_.heads.size();
  const size_t key_bytes = explain::PayloadBytes(attention_.encoding, attention_.key_positions != nullptr);
  const size_t row_bytes = num_keys_ * key_bytes, head_bytes = row_bytes * num_tokens_;
  heads_per_chunk_ = std::clamp<size_t>(kMaxChunkBytes / head_bytes, 1, num_payload_heads_);
  queries_per_chunk_ = std::clamp<size_t>(kMaxChunkBytes / row_bytes, 1, num_tokens_);
  query_chunks_ = CeilDiv(num_tokens_, queries_per_chunk_);
  count_ = static_cast<uint32_t>(CeilDiv(num_payload_heads_, heads_per_chunk_) * query_chunks_);
}

bool AttentionChunks::Next(grpc::ByteBuffer* message) {
  const size_t query_begin = next_ % query_chunks_ * queries_per_chunk_;
  const size_t head_begin = next_ / query_chunks_ * heads_per_chunk_;
  const size_t num_queries = std::min(queries_per_chunk_, num_tokens_ - query_begin);
  const size_t num_heads = std::min(heads_per_chunk_, num_payload_heads_ - head_begin);

  v1::AttentionChunk chunk;
  chunk.set_layer(static_cast<uint32_t>(attention_.layer));
  const auto first_head = attention_.heads.begin() + static_cast<ptrdiff_t>(head_begin);
  const size_t named = attention_.mean_over_heads ? attention_.heads.size() : num_heads;
  chunk.mutable_heads()->Assign(first_head, first_head + static_cast<ptrdiff_t>(named));
  chunk.set_mean_over_heads(attention_.mean_over_heads);
  chunk.set_query_begin(static_cast<uint32_t>(query_begin));
  const size_t shape[] = {num_heads, num_queries, num_keys_};
  chunk.mutable_shape()->Assign(std::begin(shape), std::end(shape));
  chunk.set_encoding(attention_.encoding == Encoding::kFloat16 ? v1::ENCODING_FLOAT16 : v1::ENCODING_FLOAT32);
  chunk.set_chunk_index(static_cast<uint32_t>(attention_.layer_index) * count_ + next_);
  chunk.set_chunk_count(static_cast<uint32_t>(attention_.num_layers) * count_);
  if (attention_.key_positions != nullptr) chunk.set_num_tokens(static_cast<uint32_t>(num_tokens_));
  SerializeChunk(chunk, Payload(head_begin, num_heads, query_begin, num_queries), message);
  return ++next_ < count_;
}

ChunkPayload AttentionChunks::Payload(size_t head_begin, size_t num_heads, size_t query_begin,
                                      size_t num_queries) const {
  const Owner owner = {attention_.maps.owner, attention_.reservation};
  const size_t per_head = num_queries * num_keys_;
  ChunkPayload payload;
  for (size_t i = head_begin; i < head_begin + num_heads; ++i) {
    // Maps as the pass made them have all heads of the model.
    const bool has_all_heads = !attention_.mean_over_heads && attention_.key_positions == nullptr;
    const size_t map = has_all_heads ? static_cast<size_t>(attention_.heads[i]) : i;
    const size_t begin = (map * num_tokens_ + query_begin) * num_keys_;
    const std::span<const float> values = attention_.maps.values.subspan(begin, per_head);
    payload.data.push_back(attention_.encoding == Encoding::kFloat16 ? Halves(values) : Refer(values, owner));
    if (attention_.key_positions == nullptr) continue;
    const std::span<const uint16_t> positions = std::span(*attention_.key_positions).subspan(begin, per_head);
    payload.key_positions.push_back(Refer(positions, {attention_.key_positions, attention_.reservation}));
  }
  return payload;
}

}  // namespace limpid::rpc
