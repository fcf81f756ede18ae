#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace limpid::client {

// A file that appears under its name only when it is whole: written beside it, renamed by Commit. Not thread-safe.
class OutputFile {
 public:
  // UNKNOWN with the system's reason if it cannot be made.
  static absl::StatusOr<OutputFile> Create(const std::string& path);
  // Removes what was not committed.
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  // A failure is remembered and comes out of Commit.
  void Write(std::string_view bytes);
  absl::Status Commit();
  uint64_t size() const { return size_; }

 private:
  OutputFile(std::string path, std::string part_path, std::ofstream stream);

  std::string path_;
  std::string part_path_;  // empty after Commit or a move
  std::ofstream stream_;
  uint64_t size_ = 0;
};

absl::Status WriteFile(const std::string& path, std::string_view bytes);

}  // namespace limpid::client
