#include "lifecycle/hub_cache.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::lifecycle {
namespace {

namespace fs = std::filesystem;

// A commit's name, which leads to no other folder.
bool IsCommit(const std::string& name) { return !name.empty() && std::ranges::all_of(name, absl::ascii_isalnum); }

absl::StatusOr<std::string> CommitOfMain(const fs::path& folder) {
  std::error_code error;
  if (const fs::path ref = folder / "refs" / "main"; fs::is_regular_file(ref, error)) {
    std::string commit;
    std::ifstream(ref) >> commit;
    if (IsCommit(commit) && fs::is_directory(folder / "snapshots" / commit, error)) return commit;
    return absl::NotFoundError(absl::StrCat(ref.string(), ": names no folder of snapshots/"));
  }
  std::vector<std::string> commits;
  for (const auto& entry : fs::directory_iterator(folder / "snapshots", error)) {
    if (entry.is_directory(error)) commits.push_back(entry.path().filename().string());
  }
  if (commits.size() == 1) return commits.front();
  return absl::NotFoundError(
      absl::StrCat(folder.string(), ": has no refs/main and ", commits.size(), " snapshots: name the folder of one"));
}

}  // namespace

absl::StatusOr<std::string> FindSnapshot(const std::string& folder) {
  std::error_code error;
  const fs::path path(folder);
  if (!fs::is_directory(path / "snapshots", error) || fs::exists(path / "config.json", error)) return folder;
  ABSL_ASSIGN_OR_RETURN(const std::string commit, CommitOfMain(path));
  const fs::path snapshot = path / "snapshots" / commit;
  if (fs::canonical(snapshot, error) != fs::canonical(path, error) / "snapshots" / commit || error) {
    return absl::InvalidArgumentError(absl::StrCat(snapshot.string(), ": must be no link"));
  }
  return snapshot.string();
}

}  // namespace limpid::lifecycle
