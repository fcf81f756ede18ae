#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::rpc {

// One method's options; a new method is one case. `field` is its place in the request, e.g. "methods[2]", for errors.
absl::StatusOr<explain::MethodSpec> DecodeMethod(const v1::Method& method, const std::string& field);

absl::StatusOr<explain::Granularity> DecodeGranularity(v1::Granularity granularity, const std::string& field);

// INVALID_ARGUMENT for a value that this version of the contract does not know.
absl::Status UnknownEnumValue(const std::string& field, int value);

}  // namespace limpid::rpc
