#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace limpid::client {

struct FileDigest {
  uint64_t bytes = 0;
  std::string sha256;  // lower-case hex
};

// Reads all of the file. UNKNOWN with the system's reason if it cannot be read.
absl::StatusOr<FileDigest> DigestFile(const std::string& path);

}  // namespace limpid::client
