#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace limpid::client {

// Where one tensor lies in a safetensors file.
struct StoredTensor {
  std::string name;
  uint64_t offset = 0;  // bytes from the begin of the file
  uint64_t num_elements = 0;
  size_t element_bytes = 0;  // 0: not floating point, hence nothing that was learned
};

// The tensors of FOLDER/model.safetensors, in the order of its header. INVALID_ARGUMENT names the file that is missing
// or is no safetensors file, and says so if the weights are in several files.
absl::StatusOr<std::vector<StoredTensor>> ReadStoredTensors(const std::filesystem::path& folder);

// Puts the elements of one tensor of `path` in a random order (Fisher and Yates), which `seed` and the tensor's name
// alone determine: the values stay finite and keep their distribution in any floating-point format. A tensor that is
// not floating point stays as it is. UNKNOWN with the system's reason if the file cannot be read or written.
absl::Status ShuffleStoredTensor(const std::filesystem::path& path, const StoredTensor& tensor, uint64_t seed);

}  // namespace limpid::client
