#include "rpc/wire.h"

#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "text/utf8.h"

namespace limpid::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;
using google::protobuf::internal::WireFormatLite;

// Looks at every string of a message read without its schema (which does not ask for UTF-8). OK if all are well-formed.
absl::Status CheckStrings(const UnknownFieldSet& fields, const google::protobuf::Descriptor& type,
                          const std::string& prefix) {
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    const FieldDescriptor* known = type.FindFieldByNumber(field.number());
    if (known == nullptr || field.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    const std::string name = absl::StrCat(prefix, known->name());
    if (known->type() == FieldDescriptor::TYPE_STRING) {
      const std::optional<size_t> at = text::FindInvalidUtf8(field.length_delimited());
      if (at.has_value()) return absl::InvalidArgumentError(absl::StrCat(name, ": not valid UTF-8 at byte ", *at));
    } else if (known->type() == FieldDescriptor::TYPE_MESSAGE) {
      UnknownFieldSet inner;
      if (!inner.ParseFromString(field.length_delimited())) continue;
      const absl::Status checked = CheckStrings(inner, *known->message_type(), absl::StrCat(name, "."));
      if (!checked.ok()) return checked;
    }
  }
  return absl::OkStatus();
}

// What comes before a length-delimited field's value.
void AppendFieldHeader(int number, size_t length, std::string* out) {
  google::protobuf::io::StringOutputStream stream(out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.WriteTag(WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  coded.WriteVarint64(length);
}

size_t BytesOf(const std::vector<grpc::Slice>& slices) {
  return std::accumulate(slices.begin(), slices.end(), size_t{0},
                         [](size_t sum, const grpc::Slice& slice) { return sum + slice.size(); });
}

}  // namespace

absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  grpc::ByteBuffer readable = bytes;  // shares the memory; reading wants a mutable one
  {
    grpc::ProtoBufferReader reader(&readable);
    if (reader.status().ok() && message->ParseFromZeroCopyStream(&reader)) return absl::OkStatus();
  }
  UnknownFieldSet fields;
  grpc::ProtoBufferReader reader(&readable);
  if (reader.status().ok() && fields.ParseFromZeroCopyStream(&reader)) {
    const absl::Status checked = CheckStrings(fields, *message->GetDescriptor(), "");
    if (!checked.ok()) return checked;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the request's bytes are not a valid ", message->GetDescriptor()->full_name(), " message"));
}

void SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes) {
  bytes->Clear();
  bool owns_bytes = false;
  const grpc::Status serialized =
      grpc::SerializationTraits<google::protobuf::Message>::Serialize(message, bytes, &owns_bytes);
  // Only a message over 2 GiB, which no part of an answer is.
  if (!serialized.ok()) throw std::length_error(serialized.error_message());
}

void SerializeChunk(const v1::AttentionChunk& chunk, const ChunkPayload& payload, grpc::ByteBuffer* bytes) {
  const size_t data_bytes = BytesOf(payload.data), key_bytes = BytesOf(payload.key_positions);
  // The payload comes last: the order of a message's fields is free.
  std::string fields = chunk.SerializeAsString(), key_header;
  AppendFieldHeader(v1::AttentionChunk::kDataFieldNumber, data_bytes, &fields);
  if (key_bytes > 0) AppendFieldHeader(v1::AttentionChunk::kKeyPositionsFieldNumber, key_bytes, &key_header);
  std::string head;
  AppendFieldHeader(v1::ExplainResponse::kAttentionFieldNumber,
                    fields.size() + data_bytes + key_header.size() + key_bytes, &head);
  std::vector<grpc::Slice> slices = {grpc::Slice(head + fields)};
  slices.insert(slices.end(), payload.data.begin(), payload.data.end());
  if (key_bytes > 0) slices.emplace_back(key_header);
  slices.insert(slices.end(), payload.key_positions.begin(), payload.key_positions.end());
  *bytes = grpc::ByteBuffer(slices.data(), slices.size());
}

void WrapForItem(const std::string& id, grpc::ByteBuffer* bytes) {
  std::string head;
  AppendFieldHeader(v1::ExplainManyResponse::kIdFieldNumber, id.size(), &head);
  head += id;
  AppendFieldHeader(v1::ExplainManyResponse::kResponseFieldNumber, bytes->Length(), &head);
  std::vector<grpc::Slice> inner, slices = {grpc::Slice(head)};
  if (!bytes->Dump(&inner).ok()) throw std::runtime_error("a message cannot be read again");
  slices.insert(slices.end(), inner.begin(), inner.end());
  *bytes = grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace limpid::rpc
