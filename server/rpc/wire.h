#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "limpid/v1/explain.pb.h"

// Messages from and to bytes. Handlers take raw bytes, because gRPC itself answers bytes that do not parse with
// UNIMPLEMENTED and no text, and takes them for the end of a stream.
namespace limpid::rpc {

// INVALID_ARGUMENT that names the string that is not UTF-8, or says that this is no such message; `message` then has
// the fields that were read before.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);

// Replaces what is in `bytes`.
void SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes);

// What an attention chunk carries; no key positions: the field is left out.
struct ChunkPayload {
  std::vector<grpc::Slice> data, key_positions;
};

// An ExplainResponse with this attention chunk, which has no payload of its own: that of `payload` is referred to, not
// copied.
void SerializeChunk(const v1::AttentionChunk& chunk, const ChunkPayload& payload, grpc::ByteBuffer* bytes);

// The bytes of an ExplainManyResponse around those of its ExplainResponse, which are shared.
void WrapForItem(const std::string& id, grpc::ByteBuffer* bytes);

}  // namespace limpid::rpc
