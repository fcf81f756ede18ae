#include "lib/request/message_options.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsAttachPoint(const FieldDescriptor& field) { return field.enum_type() == v1::AttachPoint_descriptor(); }

// "beam_width" of BeamWidth.
std::string SnakeCase(const std::string& name) {
  std::string snake;
  for (char letter : name) {
    if (absl::ascii_isupper(letter) && !snake.empty()) snake += '_';
    snake += absl::ascii_tolower(letter);
  }
  return snake;
}

std::string TypedName(const EnumValueDescriptor& value) {
  return absl::AsciiStrToLower(value.name()).substr(SnakeCase(value.type()->name()).size() + 1);
}

const EnumValueDescriptor* FindValue(const EnumDescriptor& type, absl::string_view typed) {
  for (int i = 1; i < type.value_count(); ++i) {  // the first is "unspecified"
    if (TypedName(*type.value(i)) == typed) return type.value(i);
  }
  return nullptr;
}

std::string ChoicesOf(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(TypedName(*type.value(i)));
  return absl::StrJoin(names, "|");
}

// A way from the message to one of its fields, through messages within: each but the last is one of those.
using Path = std::vector<const FieldDescriptor*>;

std::vector<Path> PathsOf(const Descriptor& message) {
  std::vector<Path> paths;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor* field = message.field(i);
    paths.push_back({field});
    if (field->message_type() == nullptr || field->is_repeated()) continue;
    for (Path path : PathsOf(*field->message_type())) {
      path.insert(path.begin(), field);
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

Message* MessageAt(const Path& path, Message* message) {
  for (size_t i = 0; i + 1 < path.size(); ++i) message = message->GetReflection()->MutableMessage(message, path[i]);
  return message;
}

template <typename Number>
bool ReadNumber(absl::string_view text, Number* number) {
  if constexpr (std::is_same_v<Number, float>)
    return absl::SimpleAtof(text, number);
  else
    return absl::SimpleAtoi(text, number);
}

bool SetValue(absl::string_view value, const FieldDescriptor* field, Message* message);

// A message from one word or text: the first of its fields that can be set to it.
bool SetMessage(absl::string_view value, const FieldDescriptor* field, Message* message) {
  const Reflection* reflection = message->GetReflection();
  Message* inner =
      field->is_repeated() ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field);
  const Descriptor* type = inner->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (SetValue(value, type->field(i), inner)) return true;
  }
  return false;
}

template <typename Number, void (Reflection::*kSet)(Message*, const FieldDescriptor*, Number) const>
bool SetNumber(absl::string_view value, const FieldDescriptor* field, Message* message) {
  Number number;
  if (!ReadNumber(value, &number)) return false;
  (message->GetReflection()->*kSet)(message, field, number);
  return true;
}

bool SetValue(absl::string_view value, const FieldDescriptor* field, Message* message) {
  const bool is_enum = field->enum_type() != nullptr;
  if (field->is_repeated() && field->message_type() == nullptr && !is_enum) return false;  // there are no such lists
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return SetNumber<int32_t, &Reflection::SetInt32>(value, field, message);
    case FieldDescriptor::CPPTYPE_INT64:
      return SetNumber<int64_t, &Reflection::SetInt64>(value, field, message);
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetNumber<uint32_t, &Reflection::SetUInt32>(value, field, message);
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetNumber<uint64_t, &Reflection::SetUInt64>(value, field, message);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return SetNumber<float, &Reflection::SetFloat>(value, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value != "true" && value != "false") return false;
      message->GetReflection()->SetBool(message, field, value == "true");
      return true;
    case FieldDescriptor::CPPTYPE_STRING:
      message->GetReflection()->SetString(message, field, std::string(value));
      return true;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* found = FindValue(*field->enum_type(), absl::AsciiStrToLower(value));
      if (found == nullptr) return false;
      field->is_repeated() ? message->GetReflection()->AddEnum(message, field, found)
                           : message->GetReflection()->SetEnum(message, field, found);
      return true;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(value, field, message);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      break;
  }
  return false;
}

// The one field whose name is, or else begins with, `name`; nothing where several do.
const Path* FindPath(const std::vector<Path>& paths, absl::string_view name) {
  const Path* found = nullptr;
  for (const Path& path : paths) {
    const std::string& candidate = path.back()->name();
    if (candidate == name) return &path;
    if (!absl::StartsWith(candidate, name)) continue;
    if (found != nullptr) return nullptr;
    found = &path;
  }
  return found;
}

bool SetWord(absl::string_view word, const std::vector<Path>& paths, Message* message) {
  for (const Path& path : paths) {
    const FieldDescriptor* field = path.back();
    const bool is_flag = field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && absl::StartsWith(field->name(), word);
    const bool is_choice = field->enum_type() != nullptr && !IsAttachPoint(*field);
    if (is_flag) return SetValue("true", field, MessageAt(path, message));
    if (is_choice && FindValue(*field->enum_type(), word) != nullptr) {
      return SetValue(word, field, MessageAt(path, message));
    }
  }
  return false;
}

std::string DescribeField(const FieldDescriptor& field) {
  if (IsAttachPoint(field)) return "@ATTACH_POINT";
  if (field.enum_type() != nullptr) return absl::StrCat(field.name(), "=", ChoicesOf(*field.enum_type()));
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.name();
    case FieldDescriptor::CPPTYPE_STRING:
      return absl::StrCat(field.name(), "=TEXT");
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const FieldDescriptor* first = field.message_type()->field(0);
      return absl::StrCat(field.name(), "=", first->enum_type() != nullptr ? ChoicesOf(*first->enum_type()) : "",
                          "|TEXT");
    }
    default:
      return absl::StrCat(field.name(), "=NUMBER");
  }
}

}  // namespace

std::string DescribeOptions(const Descriptor& message) {
  std::vector<std::string> options;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const Descriptor* inner = field.message_type();
    const bool is_choice_or_text = inner != nullptr && inner->oneof_decl_count() > 0;
    if (inner == nullptr || is_choice_or_text) {
      options.push_back(DescribeField(field));
    } else if (!field.is_repeated()) {
      options.push_back(DescribeOptions(*inner));
    }
  }
  return absl::StrJoin(options, ", ");
}

bool SetOption(absl::string_view option, Message* message) {
  const std::vector<Path> paths = PathsOf(*message->GetDescriptor());
  const size_t equals = option.find('=');
  if (equals == absl::string_view::npos) return SetWord(option, paths, message);
  const Path* path = FindPath(paths, option.substr(0, equals));
  return path != nullptr && SetValue(option.substr(equals + 1), path->back(), MessageAt(*path, message));
}

std::string TypedValue(const EnumDescriptor& type, int number) {
  const EnumValueDescriptor* value = type.FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : TypedName(*value);
}

bool SetAttachPoint(absl::string_view point, Message* message) {
  const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName("attach_point");
  return field != nullptr && SetValue(point, field, message);
}

}  // namespace limpid::client
