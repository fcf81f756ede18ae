#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace limpid::rpc {

// INVALID_ARGUMENT that names a tensor, a parameter or a field of the request.
inline absl::Status Wrong(const std::string& name, const std::string& problem) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", problem));
}

}  // namespace limpid::rpc
