#include "lib/sanity/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace limpid::client {

absl::StatusOr<TemporaryFolder> TemporaryFolder::Create() {
  std::error_code no_folder;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(no_folder);
  if (no_folder) return absl::UnknownError("$TMPDIR is not a folder");
  std::string path = parent / "limpid-sanity-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return absl::UnknownError(absl::StrCat("cannot make a folder in ", parent.string(), ": ", std::strerror(errno)));
  }
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace limpid::client
