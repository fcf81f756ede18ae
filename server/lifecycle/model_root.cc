#include "lifecycle/model_root.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace limpid::lifecycle {
namespace {

namespace fs = std::filesystem;

bool IsBelow(const fs::path& root, const fs::path& path) {
  const auto [root_end, rest] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return root_end == root.end() && rest != path.end();
}

bool AllLieBelow(const fs::path& root, const fs::path& folder) {
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_symlink(error)) continue;
    if (!IsBelow(root, fs::canonical(entry->path(), error)) || error) return false;
  }
  return !error;
}

}  // namespace

absl::StatusOr<std::string> ResolveBelow(const std::string& root, const std::string& folder) {
  std::error_code root_error, error;
  const fs::path canonical_root = fs::canonical(root, root_error);
  // An absolute `folder` takes the place of the root.
  const fs::path path = fs::canonical(canonical_root / folder, error);
  // The system's calls read a name up to its first NUL. One text for all faults: whether something exists outside is no
  // business of the caller's.
  if (folder.empty() || folder.find('\0') != std::string::npos || root_error || error ||
      !IsBelow(canonical_root, path) || !fs::is_directory(path, error) || !AllLieBelow(canonical_root, path)) {
    return absl::InvalidArgumentError("folder: must be a folder below the server's --admin-model-root");
  }
  return path.string();
}

}  // namespace limpid::lifecycle
