#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "lib/files/explanation_arrays.h"

namespace limpid::client {

// Writes `arrays` as a safetensors file and gives its size. The format holds no strings: texts go to `__metadata__`,
// each as a JSON list.
absl::StatusOr<uint64_t> WriteSafetensors(const ExplanationArrays& arrays, const std::string& path);

}  // namespace limpid::client
