#include "playground/translation.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace limpid::playground {
namespace {

// False for an Any of a type that this binary does not have.
bool Print(const google::protobuf::Message& message, std::string* json) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  return google::protobuf::util::MessageToJsonString(message, json, options).ok();
}

}  // namespace

absl::Status ReadJson(const std::string& json, google::protobuf::Message* message) {
  const auto status = google::protobuf::util::JsonStringToMessage(json, message);
  if (status.ok()) return absl::OkStatus();
  // What follows its first line quotes the text, which may be of any bytes.
  const std::string what(status.message().data(), status.message().size());
  return absl::InvalidArgumentError(
      absl::StrCat("the body is no ", message->GetDescriptor()->name(), " in JSON: ", what.substr(0, what.find('\n'))));
}

std::string JsonLine(const google::protobuf::Message& message) {
  std::string json;
  Print(message, &json);
  return json + "\n";
}

std::string ErrorLine(const grpc::Status& status) {
  google::rpc::ErrorInfo::descriptor();  // links the types of the details
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) details.Clear();
  details.set_code(status.error_code());
  details.set_message(status.error_message());
  std::string json;
  if (!Print(details, &json)) {
    json.clear();
    details.clear_details();
    Print(details, &json);
  }
  return absl::StrCat("{\"error\":", json, "}\n");
}

}  // namespace limpid::playground
