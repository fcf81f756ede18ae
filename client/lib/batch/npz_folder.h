#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/gather.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The arrays of many texts, a file a text, so that no more than one answer's are in memory: FOLDER/000000012.npz is
// that of the text with index 12, with what `limpid explain --npz` writes. A file is there whole or not at all.
// One process at a time has the folder; Write is thread-safe for different indices.
class NpzFolder {
 public:
  // Makes the folder, or removes what a killed run left unfinished in it. UNKNOWN with the system's reason.
  static absl::StatusOr<NpzFolder> Open(const std::string& path);

  // OUT_OF_RANGE if the arrays are too many for such a file; UNKNOWN with the system's reason if it cannot be written.
  absl::Status Write(size_t index, const v1::ExplainRequest& request, const Explanation& explanation) const;

 private:
  explicit NpzFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace limpid::client
