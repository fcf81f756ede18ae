#include "rpc/wire.h"

#include <optional>
#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "text/utf8.h"

namespace limpid::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

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

}  // namespace limpid::rpc
