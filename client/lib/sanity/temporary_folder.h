#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

namespace limpid::client {

// A new folder below $TMPDIR (or /tmp) that only this user can read; removed with all in it when this object goes.
class TemporaryFolder {
 public:
  // UNKNOWN with the system's reason if it cannot be made.
  static absl::StatusOr<TemporaryFolder> Create();
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty after a move
};

}  // namespace limpid::client
