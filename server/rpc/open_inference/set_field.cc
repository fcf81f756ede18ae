#include "rpc/open_inference/set_field.h"

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "rpc/open_inference/wrong.h"

namespace limpid::rpc {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using inference::InferParameter;

// Of a scalar field, that it takes.
struct Value {
  const std::string& name;
  const InferParameter& parameter;

  absl::Status Must(const std::string& be) const { return Wrong(name, absl::StrCat("must be ", be)); }

  absl::StatusOr<bool> AsBool() const {
    if (parameter.has_bool_param()) return parameter.bool_param();
    return Must("a bool");
  }

  absl::StatusOr<std::string> AsString() const {
    if (parameter.has_string_param()) return parameter.string_param();
    return Must("a string");
  }

  absl::StatusOr<double> AsDouble() const {
    if (parameter.has_double_param()) return parameter.double_param();
    if (parameter.has_int64_param()) return static_cast<double>(parameter.int64_param());
    if (parameter.has_uint64_param()) return static_cast<double>(parameter.uint64_param());
    return Must("a number");
  }

  template <typename T>
  absl::StatusOr<T> AsInteger() const {
    if (parameter.has_int64_param() && std::in_range<T>(parameter.int64_param())) {
      return static_cast<T>(parameter.int64_param());
    }
    if (parameter.has_uint64_param() && std::in_range<T>(parameter.uint64_param())) {
      return static_cast<T>(parameter.uint64_param());
    }
    using Limits = std::numeric_limits<T>;
    return Must(absl::StrCat("an integer in [", Limits::min(), ", ", Limits::max(), "]"));
  }

  absl::StatusOr<std::vector<int32_t>> AsIntegers() const {
    if (!parameter.has_string_param()) {
      ABSL_ASSIGN_OR_RETURN(const int32_t one, AsInteger<int32_t>());
      return std::vector<int32_t>{one};
    }
    std::vector<int32_t> values;
    for (const absl::string_view piece : absl::StrSplit(parameter.string_param(), ',')) {
      if (!absl::SimpleAtoi(piece, &values.emplace_back())) return Must("an integer, or a string of some: \"0, 3\"");
    }
    return values;
  }

  absl::StatusOr<int> AsEnum(const EnumDescriptor& type) const {
    // Of GRANULARITY_UNSPECIFIED, which each enum of the contract has as its zero.
    const size_t prefix = type.FindValueByNumber(0)->name().rfind('_') + 1;
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) {
      if (type.value(i)->number() == 0) continue;
      names.push_back(absl::AsciiStrToLower(type.value(i)->name().substr(prefix)));
      if (names.back() == parameter.string_param()) return type.value(i)->number();
    }
    return Must(absl::StrCat("one of ", absl::StrJoin(names, ", ")));
  }
};

template <typename T, typename Setter>
absl::Status Give(Message* message, const FieldDescriptor* field, Setter setter, absl::StatusOr<T> value) {
  if (!value.ok()) return value.status();
  (message->GetReflection()->*setter)(message, field, *std::move(value));
  return absl::OkStatus();
}

absl::Status SetPresent(const Value& value, const FieldDescriptor* field, Message* message) {
  if (!value.parameter.bool_param()) return value.Must("true, or one of its fields must be named");
  message->GetReflection()->MutableMessage(message, field);
  return absl::OkStatus();
}

absl::Status SetIntegers(const Value& value, const FieldDescriptor* field, Message* message) {
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_INT32) return Wrong(value.name, "is not for parameters");
  ABSL_ASSIGN_OR_RETURN(const std::vector<int32_t> integers, value.AsIntegers());
  for (const int32_t integer : integers) message->GetReflection()->AddInt32(message, field, integer);
  return absl::OkStatus();
}

absl::Status SetValue(const Value& value, const FieldDescriptor* field, Message* message) {
  using google::protobuf::Reflection;
  if (field->is_repeated()) return SetIntegers(value, field, message);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Give(message, field, &Reflection::SetBool, value.AsBool());
    case FieldDescriptor::CPPTYPE_INT32:
      return Give(message, field, &Reflection::SetInt32, value.AsInteger<int32_t>());
    case FieldDescriptor::CPPTYPE_UINT32:
      return Give(message, field, &Reflection::SetUInt32, value.AsInteger<uint32_t>());
    case FieldDescriptor::CPPTYPE_INT64:
      return Give(message, field, &Reflection::SetInt64, value.AsInteger<int64_t>());
    case FieldDescriptor::CPPTYPE_UINT64:
      return Give(message, field, &Reflection::SetUInt64, value.AsInteger<uint64_t>());
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Give(message, field, &Reflection::SetFloat, value.AsDouble());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Give(message, field, &Reflection::SetDouble, value.AsDouble());
    case FieldDescriptor::CPPTYPE_STRING:
      return Give(message, field, &Reflection::SetString, value.AsString());
    case FieldDescriptor::CPPTYPE_ENUM:
      return Give(message, field, &Reflection::SetEnumValue, value.AsEnum(*field->enum_type()));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetPresent(value, field, message);
  }
  return Wrong(value.name, "is not for parameters");
}

// A later member of a oneof would take the place of an earlier one in silence.
absl::Status CheckAlone(const std::string& name, const FieldDescriptor* field, const Message& message) {
  if (field->real_containing_oneof() == nullptr) return absl::OkStatus();
  const FieldDescriptor* other =
      message.GetReflection()->GetOneofFieldDescriptor(message, field->real_containing_oneof());
  if (other == nullptr || other == field) return absl::OkStatus();
  return Wrong(name, absl::StrCat("not together with ", other->name()));
}

}  // namespace

absl::Status SetField(const std::string& name, const std::string& path, const InferParameter& value, Message* message) {
  const std::vector<std::string> steps = absl::StrSplit(path, '.');
  for (size_t i = 0; i < steps.size(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(steps[i]);
    if (field == nullptr) {
      return Wrong(name, absl::StrCat("limpid.v1 knows no field ", steps[i], " in ", message->GetDescriptor()->name()));
    }
    ABSL_RETURN_IF_ERROR(CheckAlone(name, field, *message));
    if (i + 1 == steps.size()) return SetValue({name, value}, field, message);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) break;
    message = message->GetReflection()->MutableMessage(message, field);
  }
  return Wrong(name, "is not for parameters");
}

}  // namespace limpid::rpc
