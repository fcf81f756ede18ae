#pragma once

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/status.h"

namespace limpid::playground {

// Reads Protobuf's JSON form, with the contract's field names or in camelCase. INVALID_ARGUMENT says what is wrong.
absl::Status ReadJson(const std::string& json, google::protobuf::Message* message);

// One line in that form with the contract's field names; fields at their default are there, too, as in
// `limpid explain --json`.
std::string JsonLine(const google::protobuf::Message& message);

// {"error": google.rpc.Status}, with the details that the server gave.
std::string ErrorLine(const grpc::Status& status);

}  // namespace limpid::playground
