#pragma once

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "open_inference/grpc_predict_v2.pb.h"

namespace limpid::rpc {

// Sets the field that `path` names ("limits.max_edits"), from the message on. An enum takes the lower-case end of a
// value's name ("word" of GRANULARITY_WORD), a list of integers one integer or a string ("0, 3"), a message `true`.
// INVALID_ARGUMENT that begins with `name`, which is what the caller calls it.
absl::Status SetField(const std::string& name, const std::string& path, const inference::InferParameter& value,
                      google::protobuf::Message* message);

}  // namespace limpid::rpc
